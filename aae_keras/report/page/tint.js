// What points of the map are coloured by.

import { percent } from "./data.js";
import { markOf, scaleColour } from "./marks.js";

/** @typedef {import("./data.js").Data} Data */
/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {{name: string, group: number, mark: Mark}} Group */

/**
 * @typedef {object} Tint
 * @property {string} value
 * @property {string} name
 * @property {(image: number) => Mark} mark
 * @property {(image: number) => number} group which of `groups`; 0 where there is but one
 * @property {Group[]} groups what can be turned on and off; empty on a scale
 * @property {[string, string]} [ends] of a scale: what its low and high end are called
 */

// Right and wrong differ by marker too.
const RIGHT = { colour: "#2E56E9", shape: 0 };
const WRONG = { colour: "#E15E0C", shape: 5 };

/**
 * @param {Data} data
 * @returns {Tint[]}
 */
export function tintsOf(data) {
  const { report, predicted, confidence, novelty, right } = data;
  const tints = [];
  if (data.hasLabels) tints.push(groups("class", "class", data.classes, (i) => data.labels[i], report));
  if (predicted) tints.push(groups("prediction", data.kind === "cluster" ? "cluster" : "prediction", data.names, (i) => predicted[i], report));
  if (right && right.some((value) => value >= 0)) tints.push(rightOrWrong(right, report));
  if (confidence) tints.push(scale("confidence", "confidence", confidence, percent, report));
  if (novelty) tints.push(scale("novelty", "novelty", novelty, (value) => value.toPrecision(2), report));
  return tints.length ? tints : [plain()];
}

/**
 * @param {string} value
 * @param {string} name
 * @param {string[]} names
 * @param {(image: number) => number} of -1 for none
 * @param {import("./types.d.ts").Report} report
 * @returns {Tint}
 */
function groups(value, name, names, of, report) {
  const listed = names.map((called, group) => ({ name: called, group, mark: markOf(group, report) }));
  listed.push({ name: "unknown", group: -1, mark: markOf(-1, report) });
  return { value, name, groups: listed, group: of, mark: (image) => markOf(of(image), report) };
}

/** @param {ArrayLike<number>} right @param {import("./types.d.ts").Report} report @returns {Tint} */
function rightOrWrong(right, report) {
  const marks = new Map([
    [1, RIGHT],
    [0, WRONG],
    [-1, markOf(-1, report)],
  ]);
  const names = new Map([
    [1, "right"],
    [0, "wrong"],
    [-1, "unknown"],
  ]);
  const mark = (/** @type {number} */ group) => marks.get(group) ?? RIGHT;
  return {
    value: "right",
    name: "right or wrong",
    groups: [1, 0, -1].map((group) => ({ name: names.get(group) ?? "", group, mark: mark(group) })),
    group: (image) => right[image],
    mark: (image) => mark(right[image]),
  };
}

/**
 * @param {string} value
 * @param {string} name
 * @param {ArrayLike<number>} numbers of which some may be NaN, but not all
 * @param {(number: number) => string} written
 * @param {import("./types.d.ts").Report} report
 * @returns {Tint}
 */
function scale(value, name, numbers, written, report) {
  const known = Array.from(numbers).filter((number) => !Number.isNaN(number)).sort((a, b) => a - b);
  // A few far ones would leave one colour for all others.
  const [low, high] = [0.02, 0.98].map((share) => known[Math.round(share * (known.length - 1))]);
  return {
    value,
    name,
    groups: [],
    group: () => 0,
    mark: (image) => (Number.isNaN(numbers[image]) ? markOf(-1, report) : { colour: scaleColour((numbers[image] - low) / (high - low || 1)), shape: 0 }),
    ends: [written(low), written(high)],
  };
}

/** @returns {Tint} */
function plain() {
  return { value: "none", name: "nothing", groups: [], group: () => 0, mark: () => RIGHT };
}
