// All about one image: the picture, its reconstruction, its probabilities, its neighbours in code.

import { percent } from "./data.js";
import { element } from "./dom.js";
import { paint, pixelCanvas } from "./pictures.js";

/** @typedef {import("./data.js").Data} Data */

const MOST_PROBABILITIES = 5;

/** The dialog. */
export class Detail {
  /**
   * @param {HTMLElement} dialog
   * @param {Data} data
   * @param {import("./pictures.js").Pictures} pictures
   * @param {import("./painter.js").Painter | null} painter
   */
  constructor(dialog, data, pictures, painter) {
    this.dialog = /** @type {HTMLDialogElement} */ (dialog);
    this.data = data;
    this.pictures = pictures;
    this.painter = painter;
    /** @type {{name: string, take: (image: number) => void}[]} what else can be done with it */
    this.uses = [];
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  /** @param {number} image */
  open(image) {
    const title = element("h2", { id: "detail-title", tabindex: -1 }, `Image ${this.data.called[image]}`);
    this.dialog.replaceChildren(
      element("form", { method: "dialog" }, element("button", { class: "close", "aria-label": "Close" }, "✕")),
      title,
      element("div", { class: "pair" }, ...this.pair(image)),
      ...this.facts(image),
      ...this.probabilities(image),
      ...this.neighbours(image),
      ...this.buttons(image),
    );
    if (!this.dialog.open) this.dialog.showModal();
    // The button of a neighbour is gone: what has taken its place is said, and Tab goes on from here.
    else title.focus();
  }

  /** @param {number} image */
  pair(image) {
    const shown = [figure(this.pictures.show(image, "the image"), "image")];
    const y = this.data.yOf(image);
    if (this.painter && (y || !this.painter.needsY)) {
      const canvas = pixelCanvas(this.painter.width, this.painter.height, "its reconstruction");
      paint(canvas, this.painter.paint({ y, z: Float32Array.from(this.data.zOf(image)) }));
      shown.push(figure(canvas, "reconstruction"));
    }
    return shown;
  }

  /** @param {number} image */
  facts(image) {
    const { data } = this;
    /** @type {[string, string][]} */
    const rows = [];
    if (data.hasLabels) rows.push(["label", data.label(image)]);
    if (data.predicted) rows.push([data.answers, data.prediction(image)]);
    if (data.right && data.right[image] >= 0) rows.push(["that is", data.right[image] ? "right" : "wrong"]);
    if (data.novelty && !Number.isNaN(data.novelty[image]))
      rows.push(["novelty", `${data.novelty[image].toPrecision(3)} (about 1 is usual)`]);
    if (!rows.length) return [];
    const cells = rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
    return [element("dl", { class: "facts" }, ...cells)];
  }

  /** @param {number} image */
  probabilities(image) {
    const { y, names } = this.data;
    const shares = y && this.data.yOf(image);
    if (!shares) return [];
    const ranks = names.map((_, rank) => rank).sort((a, b) => shares[b] - shares[a]);
    return [
      element("h3", {}, "Probabilities"),
      bars(ranks.slice(0, MOST_PROBABILITIES).map((rank) => [names[rank], shares[rank]])),
    ];
  }

  /** @param {number} image */
  neighbours(image) {
    const near = this.data.neighboursOf(image);
    if (!near.length) return [];
    const list = near.map((other) =>
      element(
        "button",
        { type: "button", class: "thumb", "aria-label": this.data.describe(other), click: () => this.open(other) },
        this.pictures.show(other),
        element("span", {}, this.data.hasLabels ? this.data.label(other) : this.data.prediction(other)),
      ),
    );
    return [element("h3", {}, "Nearest in code"), element("div", { class: "thumbs" }, ...list)];
  }

  /** @param {number} image */
  buttons(image) {
    const made = this.uses.map(({ name, take }) =>
      element(
        "button",
        {
          type: "button",
          click: () => {
            this.dialog.close();
            take(image);
          },
        },
        name,
      ),
    );
    return made.length ? [element("div", { class: "controls" }, ...made)] : [];
  }
}

/**
 * Bars of shares, each with its name and its number.
 *
 * @param {[string, number][]} rows
 */
export function bars(rows) {
  const items = rows.map(([name, share]) => {
    const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("span", {}));
    /** @type {HTMLElement} */ (bar.firstChild).style.width = `${100 * share}%`;
    return element("li", {}, element("span", { class: "name" }, name), bar, element("span", { class: "number" }, percent(share)));
  });
  return element("ul", { class: "bars" }, ...items);
}

/** @param {HTMLElement} picture @param {string} caption */
function figure(picture, caption) {
  return element("figure", {}, picture, element("figcaption", {}, caption));
}
