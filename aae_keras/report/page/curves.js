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
        stages: report.stages,
      }),
      element("p", { class: "aid" }, chart.aid),
    ),
  );
  body.append(element("div", { class: "panels" }, ...shown));
}
