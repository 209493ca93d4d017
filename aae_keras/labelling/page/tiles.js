// A grid of images that a model takes for one class: press those that are not, label the others.

import { element } from "../../report/page/dom.js";

const MOST = 48;

/** @typedef {import("./asking.js").Question} Question */

/** The images of one predicted class that are shown at once, and which of them are put aside. */
export class Tiles {
  /**
   * @param {HTMLElement} body
   * @param {readonly Question[]} questions
   * @param {() => void} changed a tile was put aside, or back
   */
  constructor(body, questions, changed) {
    this.body = body;
    this.questions = questions;
    this.changed = changed;
    /** @type {Set<number>} */
    this.aside = new Set();
    /** @type {Map<number, HTMLButtonElement>} */
    this.buttons = new Map();
  }

  /** @param {readonly number[]} numbers of the questions without an answer; some are shown */
  show(numbers) {
    const shown = numbers.filter((number) => !this.aside.has(number)).slice(0, MOST);
    this.buttons = new Map(shown.map((number) => [number, this.tile(number)]));
    this.body.replaceChildren(...this.buttons.values());
    return shown.length;
  }

  /** Those that are shown and not put aside. */
  chosen() {
    return [...this.buttons].filter(([number, button]) => !this.aside.has(number) && !button.disabled).map(([number]) => number);
  }

  /**
   * Another page has answered it: it stays in its place, so that no press hits its neighbour.
   *
   * @param {number} number
   * @param {string} label
   */
  taken(number, label) {
    const button = this.buttons.get(number);
    if (!button || !label) return;
    button.disabled = true;
    button.append(element("span", {}, label));
  }

  /** @param {number} number */
  tile(number) {
    const { image, confidence } = this.questions[number];
    const sure = confidence === null ? "" : `${Math.round(100 * confidence)} %`;
    const button = element(
      "button",
      { type: "button", class: "tile", "aria-pressed": "false", "aria-label": `${image} ${sure}, put aside`, title: image, click: () => this.toggle(number) },
      element("img", { src: `small/${number}`, alt: "", loading: "lazy", load: crisp }),
      element("span", { class: "small" }, sure),
    );
    return button;
  }

  /** @param {number} number */
  toggle(number) {
    if (!this.aside.delete(number)) this.aside.add(number);
    this.buttons.get(number)?.setAttribute("aria-pressed", String(this.aside.has(number)));
    this.changed();
  }
}

/** @param {Event} event of an image that has come: a small one shows its pixels as squares */
export function crisp(event) {
  const image = /** @type {HTMLImageElement} */ (event.target);
  image.classList.toggle("pixels", Math.max(image.naturalWidth, image.naturalHeight) <= 128);
}
