// Curves as a picture that scales and prints, with the same numbers in a table.

import { element, svg } from "./dom.js";

/**
 * @typedef {object} Curve
 * @property {string} label
 * @property {number[]} x growing
 * @property {number[]} y
 * @property {number[]} [low] ends of an interval around y
 * @property {number[]} [high]
 *
 * @typedef {object} Chart
 * @property {string} title
 * @property {string} across what the horizontal axis is
 * @property {string} up what the vertical one is
 * @property {Curve[]} lines
 * @property {{label: string, value: number}[]} references heights to compare with
 * @property {number[]} [stages] vertical lines
 * @property {string} [diagonal] what a dotted line from corner to corner is called
 * @property {[number, number]} [xRange]
 * @property {[number, number]} [yRange]
 */

const [WIDTH, HEIGHT] = [380, 240];
const MARGIN = { left: 52, right: 12, top: 10, bottom: 40 };
// Line styles in turn, so that curves differ without colour too.
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];
const COLOURS = 6;
// A table of more rows would be longer than the page.
const MOST_ROWS = 200;

/** @param {Chart} chart */
export function chartOf(chart) {
  const scales = scalesOf(chart);
  const reading = element("p", { class: "reading small", "aria-hidden": "true" }, " ");
  const picture = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": `${chart.title}: ${chart.lines.map(lastValue).join("; ")}`,
    pointermove: (event) => (reading.textContent = read(chart, scales, event)),
    pointerleave: () => (reading.textContent = " "),
  });
  picture.append(...axes(chart, scales), ...references(chart, scales));
  chart.lines.forEach((line, rank) => picture.append(...curve(line, rank, scales)));
  return element(
    "figure",
    { class: "chart" },
    element("figcaption", {}, chart.title),
    picture,
    reading,
    legend(chart),
    table(chart),
  );
}

/** @typedef {{x: (value: number) => number, y: (value: number) => number, xTicks: number[], yTicks: number[]}} Scales */

/**
 * @param {Chart} chart
 * @returns {Scales}
 */
function scalesOf(chart) {
  const heights = chart.lines.flatMap(({ y }) => y).concat(chart.references.map(({ value }) => value));
  const yRange = chart.yRange ?? [Math.min(0, ...heights), Math.max(...heights) * 1.04 || 1];
  const widths = chart.lines.flatMap(({ x }) => x);
  const xRange = chart.xRange ?? [Math.min(...widths), Math.max(...widths)];
  return {
    x: scale(xRange, MARGIN.left, WIDTH - MARGIN.right),
    y: scale(yRange, HEIGHT - MARGIN.bottom, MARGIN.top),
    xTicks: ticks(xRange, 6, chart.xRange ? 0 : 1),
    yTicks: ticks(yRange, 5, 0),
  };
}

/** @param {[number, number] | number[]} range @param {number} from @param {number} to */
function scale([low, high], from, to) {
  const length = high - low;
  return (/** @type {number} */ value) =>
    length ? from + ((value - low) / length) * (to - from) : (from + to) / 2;
}

/**
 * Round numbers within a range: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param {[number, number] | number[]} range
 * @param {number} most how many, about
 * @param {number} least smallest step
 * @returns {number[]}
 */
export function ticks([low, high], most, least) {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max([1, 2, 5, 10].map((times) => times * power).find((s) => s >= rough) ?? 1, least);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, rank) => Number(((first + rank) * step).toPrecision(10)));
}

/** @param {Chart} chart @param {Scales} scales */
function axes(chart, { x, y, xTicks, yTicks }) {
  const bottom = HEIGHT - MARGIN.bottom;
  const right = WIDTH - MARGIN.right;
  const middle = (MARGIN.top + bottom) / 2;
  return [
    ...yTicks.flatMap((value) => [
      svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)),
    ]),
    ...xTicks.map((value) =>
      svg("text", { class: "tick", x: x(value), y: bottom + 16, "text-anchor": "middle" }, String(value)),
    ),
    ...(chart.stages ?? []).map((value) =>
      svg("line", { class: "stage", x1: x(value + 0.5), x2: x(value + 0.5), y1: MARGIN.top, y2: bottom }),
    ),
    svg("text", { class: "axis", x: (MARGIN.left + right) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, chart.across),
    svg("text", { class: "axis", transform: `translate(12 ${middle}) rotate(-90)`, "text-anchor": "middle" }, chart.up),
  ];
}

/** @param {Chart} chart @param {Scales} scales */
function references(chart, { x, y, xTicks, yTicks }) {
  const lines = chart.references.map(({ value }) =>
    svg("line", { class: "reference", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(value), y2: y(value) }),
  );
  if (!chart.diagonal) return lines;
  const [xs, ys] = [xTicks, yTicks].map((values) => [values[0], values[values.length - 1]]);
  return [
    ...lines,
    svg("line", { class: "reference", x1: x(xs[0]), y1: y(ys[0]), x2: x(xs[1]), y2: y(ys[1]) }),
  ];
}

/** @param {Curve} line @param {number} rank @param {Scales} scales */
function curve(line, rank, { x, y }) {
  const at = line.x.map((value, place) => [x(value), y(line.y[place])]);
  const look = { class: `line line-${rank % COLOURS}`, "stroke-dasharray": DASHES[rank % DASHES.length] };
  const parts = [svg("polyline", { ...look, points: at.map((point) => point.join(",")).join(" ") })];
  const { low, high } = line;
  if (low && high)
    at.forEach(([across], place) =>
      parts.push(svg("line", { class: look.class, x1: across, x2: across, y1: y(low[place]), y2: y(high[place]) })),
    );
  if (low || at.length === 1)
    at.forEach(([cx, cy]) => parts.push(svg("circle", { class: `dot line-${rank % COLOURS}`, cx, cy, r: 3.5 })));
  return parts;
}

/** @param {Chart} chart */
function legend(chart) {
  const dotted = [...chart.references.map(({ label }) => label), ...(chart.diagonal ? [chart.diagonal] : [])];
  return element(
    "ul",
    { class: "legend" },
    ...chart.lines.map(({ label }, rank) =>
      element("li", {}, sample(`line line-${rank % COLOURS}`, DASHES[rank % DASHES.length]), ` ${label}`),
    ),
    ...dotted.map((label) => element("li", {}, sample("reference", ""), ` ${label}`)),
    ...(chart.stages?.length ? [element("li", {}, sample("stage", ""), " another stage begins")] : []),
  );
}

/** @param {string} look @param {string} dashes */
function sample(look, dashes) {
  const line = svg("line", { class: look, x1: 0, x2: 24, y1: 5, y2: 5, "stroke-dasharray": dashes });
  return svg("svg", { class: "sample", viewBox: "0 0 24 10", "aria-hidden": "true" }, line);
}

/** @param {Chart} chart */
function table(chart) {
  const xs = [...new Set(chart.lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const step = Math.ceil(xs.length / MOST_ROWS);
  const maps = chart.lines.map(({ x, y }) => new Map(x.map((value, place) => [value, y[place]])));
  const rows = xs
    .filter((_, place) => place % step === 0 || place === xs.length - 1)
    .map((value) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, shortened(value)),
        ...maps.map((map) => element("td", {}, map.has(value) ? shortened(map.get(value) ?? 0) : "")),
      ),
    );
  const head = [chart.across, ...chart.lines.map(({ label }) => label)];
  return element(
    "details",
    {},
    element("summary", {}, "Numbers"),
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": `Numbers of ${chart.title}` },
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
        element("tbody", {}, ...rows),
      ),
    ),
  );
}

/** @param {Chart} chart @param {Scales} scales @param {PointerEvent} event */
function read(chart, { x }, event) {
  const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
  const at = ((event.clientX - box.left) / box.width) * WIDTH;
  const xs = chart.lines.flatMap((line) => line.x);
  const nearest = xs.reduce((best, value) => (Math.abs(x(value) - at) < Math.abs(x(best) - at) ? value : best), xs[0]);
  const values = chart.lines
    .filter((line) => line.x.includes(nearest))
    .map((line) => `${line.label} ${shortened(line.y[line.x.indexOf(nearest)])}`);
  return `${chart.across.split(",")[0]} ${shortened(nearest)}: ${values.join(", ")}`;
}

/** @param {Curve} line */
function lastValue({ label, y }) {
  return `${label}, last ${shortened(y[y.length - 1])}`;
}

/** @param {number} value */
function shortened(value) {
  return String(Number(value.toPrecision(4)));
}
