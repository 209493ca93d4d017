// Colours and markers of points: ten colours that colour-blind readers tell apart, then the next
// marker.

/** @typedef {{colour: string, shape: number}} Mark */

export const SHAPES = 6;

// From low to high: viridis, which grows lighter all the way.
const SCALE = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

/**
 * @param {number} rank of a category; below 0 for none
 * @param {import("./types.d.ts").Report} report
 * @returns {Mark}
 */
export function markOf(rank, report) {
  if (rank < 0) return { colour: report.no_label, shape: 0 };
  const { colours } = report;
  return {
    colour: colours[rank % colours.length],
    shape: Math.floor(rank / colours.length) % SHAPES,
  };
}

/** @param {number} share in [0, 1] */
export function scaleColour(share) {
  const place = Math.min(Math.max(share, 0), 1) * (SCALE.length - 1);
  const low = Math.min(Math.floor(place), SCALE.length - 2);
  const [a, b] = [SCALE[low], SCALE[low + 1]];
  const mixed = a.map((value, channel) => value + (place - low) * (b[channel] - value));
  return `rgb(${mixed.map(Math.round).join(" ")})`;
}

/**
 * The outline of a marker, to be filled.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} shape from 0 to SHAPES - 1
 * @param {number} x
 * @param {number} y
 * @param {number} size its radius
 */
export function trace(context, shape, x, y, size) {
  context.beginPath();
  if (shape === 0) {
    context.arc(x, y, size, 0, 2 * Math.PI);
    return;
  }
  for (const [right, down] of CORNERS[shape]) context.lineTo(x + right * size, y + down * size);
  context.closePath();
}

const THIRD = 0.4;
/** @type {[number, number][][]} */
const CORNERS = [
  [],
  [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  [[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]],
  [[0, 1.2], [1.1, -0.8], [-1.1, -0.8]],
  [
    [-THIRD, -1.2], [THIRD, -1.2], [THIRD, -THIRD], [1.2, -THIRD], [1.2, THIRD], [THIRD, THIRD],
    [THIRD, 1.2], [-THIRD, 1.2], [-THIRD, THIRD], [-1.2, THIRD], [-1.2, -THIRD], [-THIRD, -THIRD],
  ],
];
