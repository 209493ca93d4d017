// What the page begins with: scores, facts, calibration.

import { chartOf } from "./chart.js";
import { element, part } from "./dom.js";

/** @typedef {import("./types.d.ts").Score} Score */

const MARKS = { good: "✓ good", fair: "~ fair", poor: "✗ poor" };

/**
 * @param {HTMLElement} body
 * @param {import("./types.d.ts").Headline} headline
 */
export function showHeadline(body, headline) {
  document.title = `Report of ${headline.title}`;
  part("title").textContent = headline.title;
  const [first] = headline.scores;
  if (first) part("summary").textContent = summary(first);
  body.append(
    element("div", { class: "cards" }, ...headline.scores.map(card)),
    ...headline.notes.map((note) => element("p", { class: "note" }, note)),
  );
  if (headline.calibration.length) body.append(calibration(headline.calibration));
  const facts = headline.facts.flatMap(([name, value]) => [
    element("dt", {}, name),
    element("dd", {}, value),
  ]);
  body.append(element("dl", { class: "facts" }, ...facts));
}

/** @param {Score} score */
function summary(score) {
  const interval = score.interval && ` (95 % interval ${score.interval})`;
  return `${capital(score.title)} on held-out images: ${score.text}${interval}.`;
}

/** @param {Score} score */
function card(score) {
  const lines = [];
  if (score.interval) lines.push(`95 % interval: ${score.interval}`);
  if (score.test) lines.push(`on the test images: ${score.test}`);
  const mark = score.mark
    ? [element("span", { class: `mark ${score.mark}` }, MARKS[score.mark])]
    : [];
  return element(
    "article",
    { class: "card" },
    element("h3", {}, capital(score.title)),
    element("p", { class: "value" }, score.text, " ", ...mark),
    ...lines.map((line) => element("p", { class: "small" }, line)),
    element("p", {}, score.meaning),
    element("p", { class: "small" }, score.verdict),
  );
}

/** @param {import("./types.d.ts").Bin[]} bins */
function calibration(bins) {
  const share = (/** @type {number} */ value) => 100 * value;
  return element(
    "div",
    { class: "beside" },
    chartOf({
      title: "Calibration",
      across: "confidence, %",
      up: "right, %",
      lines: [
        {
          label: "share that is right, with its 95 % interval",
          x: bins.map((bin) => share(bin.confidence)),
          y: bins.map((bin) => share(bin.accuracy)),
          low: bins.map((bin) => share(bin.low)),
          high: bins.map((bin) => share(bin.high)),
        },
      ],
      references: [],
      diagonal: "confidence that means what it says",
      xRange: [0, 100],
      yRange: [0, 100],
    }),
    element(
      "p",
      { class: "aid" },
      "Of images that the model is 80 % sure of, 80 % should be right: points on the dotted line. ",
      "Below it the model is too sure of itself, above it too modest. Groups of images: ",
      bins.map((bin) => `${bin.count} at ${Math.round(share(bin.confidence))} %`).join(", "),
      ". A few images say little: see how long their interval is.",
    ),
  );
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
