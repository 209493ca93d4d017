// Learning curves, each with a word on how to read it.

import { chartOf } from "./chart.js";
import { element } from "./dom.js";

/**
 * @param {HTMLElement} body
 * @param {import("./types.d.ts").Report} report
 */
export function showCurves(body, report) {
  const shown = report.charts.map((chart) =>
    element(
      "div",
      { class: "panel" },
      chartOf({
        title: chart.title,
        across: "epoch",
        up: chart.unit,
        lines: chart.lines.map(({ label, epochs, values }) => ({ label, x: epochs, y: values })),
        references: chart.references,
        stages: report.stages.filter((end) => isWithin(end, chart)),
      }),
      element("p", { class: "aid" }, chart.aid),
    ),
  );
  body.append(element("div", { class: "panels" }, ...shown));
}

/** @param {number} epoch @param {import("./types.d.ts").Chart} chart */
function isWithin(epoch, { lines }) {
  const epochs = lines.flatMap((line) => line.epochs);
  return epochs.some((before) => before <= epoch) && epochs.some((after) => after > epoch);
}
