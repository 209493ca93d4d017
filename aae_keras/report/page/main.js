// The page: reads the report and opens the panes.

import { showCurves } from "./curves.js";
import { Data } from "./data.js";
import { Detail } from "./detail.js";
import { element, part } from "./dom.js";
import { showDraw } from "./draw.js";
import { showHeadline } from "./headline.js";
import { showKinds } from "./kinds.js";
import { showLook } from "./look.js";
import { showMap } from "./map.js";
import { Network } from "./network.js";
import { Painter } from "./painter.js";
import { Pictures } from "./pictures.js";
import { showSketch } from "./sketch.js";

/** @typedef {import("./types.d.ts").Report} Report */

/**
 * @param {string} id of a section without anything to show
 * @param {string} reason
 */
function leaveOut(id, reason) {
  part(`${id}-body`).replaceChildren(element("p", { class: "note" }, reason));
}

/** @param {Report} report */
async function show(report) {
  showHeadline(part("headline-body"), report.headline);
  showCurves(part("curves-body"), report);
  const { decoder, encoder, decoder_note, encoder_note } = report.networks;
  const { images, categories } = report;
  const [data, pictures, modes, decoding, encoding] = await Promise.all([
    Data.open(report),
    images && Pictures.open(images.sprite),
    categories.modes && Pictures.open(categories.modes),
    decoder && Network.open(decoder),
    encoder && Network.open(encoder),
  ]);
  const painter = decoding && data.count ? new Painter(decoding, data) : null;
  if (pictures) {
    const detail = new Detail(part("detail"), data, pictures, painter);
    const open = (/** @type {number} */ image) => detail.open(image);
    showMap(part("map-body"), data, pictures, open);
    showLook(part("look-body"), data, pictures, open);
    showKinds(part("kinds-body"), data, pictures, modes, open);
    if (painter) showDraw(part("draw-body"), data, pictures, painter, detail);
  } else {
    for (const id of ["map", "look", "kinds", "draw"]) leaveOut(id, "There are no held-out images.");
  }
  if (pictures && !painter) leaveOut("draw", decoder_note);
  if (!report.sketch) leaveOut("sketch", report.sketch_note);
  else if (!encoding) leaveOut("sketch", encoder_note);
  else showSketch(part("sketch-body"), data, report.sketch, encoding);
}

await show(JSON.parse(part("report").textContent ?? ""));
// For who waits for the page: milliseconds from its opening.
document.documentElement.dataset.ready = String(Math.round(performance.now()));
