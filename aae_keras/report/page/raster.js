// From strokes to an image like the data's: as large, as thick and where those are.

/** @typedef {{x: number, y: number}} Point */
/** @typedef {import("./types.d.ts").Sketch} Sketch */

// Points within a pixel, a side, that say how much of it a line covers.
const SAMPLES = 4;

/**
 * @param {Point[][]} strokes each a line through its points, in any unit, y downwards
 * @param {Sketch} sketch what it must be like
 * @param {number} height of the image
 * @param {number} width of the image
 * @returns {Float32Array} grey levels in [0, 1], row by row
 */
export function rasterise(strokes, sketch, height, width) {
  const fitted = fit(strokes, sketch);
  let ink = coverage(fitted, sketch.stroke, height, width);
  if (sketch.by_mass && fitted.length) {
    const { x, y } = centreOfMass(ink, width);
    const shifted = moved(fitted, sketch.centre[0] - x, sketch.centre[1] - y);
    ink = coverage(shifted, sketch.stroke, height, width);
  }
  return ink.map((share) => sketch.background + share * (sketch.ink - sketch.background));
}

/** @param {Point[][]} strokes @param {Sketch} sketch */
function fit(strokes, sketch) {
  const points = strokes.flat();
  if (!points.length) return [];
  const [left, right] = ends(points.map((point) => point.x));
  const [top, bottom] = ends(points.map((point) => point.y));
  const size = Math.max(right - left, bottom - top);
  // A dot stays a dot.
  const factor = size > 0 ? sketch.extent / size : 0;
  const [x, y] = sketch.centre;
  return strokes.map((stroke) =>
    stroke.map((point) => ({
      x: x + factor * (point.x - (left + right) / 2),
      y: y + factor * (point.y - (top + bottom) / 2),
    })),
  );
}

/** @param {number[]} values */
function ends(values) {
  return values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}

/** @param {Point[][]} strokes @param {number} right @param {number} down */
function moved(strokes, right, down) {
  return strokes.map((stroke) => stroke.map(({ x, y }) => ({ x: x + right, y: y + down })));
}

/**
 * The share of each pixel that lines of some width cover.
 *
 * @param {Point[][]} strokes
 * @param {number} thickness
 * @param {number} height
 * @param {number} width
 */
function coverage(strokes, thickness, height, width) {
  const side = width * SAMPLES;
  const covered = new Uint8Array(side * height * SAMPLES);
  const reach = thickness / 2;
  for (const stroke of strokes)
    stroke.forEach((point, place) => {
      const before = stroke[Math.max(place - 1, 0)];
      const [left, right] = [Math.min(point.x, before.x), Math.max(point.x, before.x)];
      const [top, bottom] = [Math.min(point.y, before.y), Math.max(point.y, before.y)];
      const [x0, x1] = span(left - reach, right + reach, width);
      const [y0, y1] = span(top - reach, bottom + reach, height);
      for (let row = y0; row < y1; row++)
        for (let column = x0; column < x1; column++) {
          const at = { x: (column + 0.5) / SAMPLES, y: (row + 0.5) / SAMPLES };
          if (distance(at, before, point) <= reach) covered[row * side + column] = 1;
        }
    });
  return Float32Array.from({ length: height * width }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / width) * SAMPLES, (pixel % width) * SAMPLES];
    let sum = 0;
    for (let down = 0; down < SAMPLES; down++)
      for (let across = 0; across < SAMPLES; across++)
        sum += covered[(row + down) * side + column + across];
    return sum / SAMPLES ** 2;
  });
}

/**
 * First sample, and the one behind the last, between two places; within the image.
 *
 * @param {number} low @param {number} high @param {number} limit in pixels
 */
function span(low, high, limit) {
  const first = Math.max(Math.floor(low * SAMPLES), 0);
  return [first, Math.min(Math.ceil(high * SAMPLES), limit * SAMPLES)];
}

/** @param {Point} at @param {Point} from @param {Point} to */
function distance(at, from, to) {
  const [right, down] = [to.x - from.x, to.y - from.y];
  const squared = right ** 2 + down ** 2;
  const along = squared ? ((at.x - from.x) * right + (at.y - from.y) * down) / squared : 0;
  const share = Math.min(Math.max(along, 0), 1);
  return Math.hypot(at.x - from.x - share * right, at.y - from.y - share * down);
}

/** @param {Float32Array} ink @param {number} width */
function centreOfMass(ink, width) {
  let [mass, x, y] = [0, 0, 0];
  ink.forEach((share, pixel) => {
    mass += share;
    x += share * ((pixel % width) + 0.5);
    y += share * (Math.floor(pixel / width) + 0.5);
  });
  return { x: x / mass, y: y / mass };
}
