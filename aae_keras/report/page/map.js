// The map of codes: a point an image, hover for the picture, click for all about it.

import { choice, colour, drawn, element, say } from "./dom.js";
import { unpack, unpackIfThere } from "./unpack.js";
import { scaleColour, trace } from "./marks.js";
import { tintsOf } from "./tint.js";
import { View } from "./view.js";

/** @typedef {import("./data.js").Data} Data */
/** @typedef {import("./pictures.js").Pictures} Pictures */

const REACH = 14;
const STEP = 1.5;
/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP =
  "Wheel or buttons zoom, dragging moves. Keys: arrows go from image to image, Enter opens it, + and - zoom, 0 shows all.";

/**
 * @param {HTMLElement} body
 * @param {Data} data
 * @param {Pictures} pictures
 * @param {(image: number) => void} open
 */
export function showMap(body, data, pictures, open) {
  const map = new CodeMap(data, pictures, open);
  body.append(
    element("div", { class: "controls" }, ...map.controls()),
    element("div", { class: "map" }, map.stage, map.legend),
    map.note,
    element("p", { class: "small keys" }, HELP),
  );
}

class CodeMap {
  /** @param {Data} data @param {Pictures} pictures @param {(image: number) => void} open */
  constructor(data, pictures, open) {
    this.data = data;
    this.pictures = pictures;
    this.open = open;
    this.tints = tintsOf(data);
    this.tint = this.tints[0];
    this.asPictures = false;
    /** @type {Set<number>} groups that are turned off */
    this.hidden = new Set();
    this.pointed = -1;
    this.view = new View([]);
    /** @type {ArrayLike<number> | null} */
    this.heads = null;
    this.note = element("p", { class: "aid" });
    this.legend = element("div", { class: "map-legend" });
    this.card = element("div", { class: "hover", hidden: true });
    this.canvas = element("canvas", {
      class: "map-canvas",
      tabindex: "0",
      role: "application",
      "aria-label": `Map of ${data.count} images. ${HELP}`,
    });
    this.stage = element("div", { class: "map-stage" }, this.canvas, this.card);
    this.draw = drawn(this.canvas, (context, width, height) => this.paint(context, width, height));
    this.listen();
    this.fillLegend();
    this.lay(0);
  }

  controls() {
    const { layouts } = this.data.report;
    const layout = choice(
      "Map",
      layouts.map(({ name }, place) => [String(place), name]),
      (value) => this.lay(Number(value)),
    );
    const tint = choice(
      "colour by",
      this.tints.map(({ value, name }) => [value, name]),
      (value) => this.colourBy(value),
    );
    const toggle = element("input", {
      type: "checkbox",
      change: () => {
        this.asPictures = toggle.checked;
        this.draw();
      },
    });
    return [
      ...(layouts.length > 1 ? [layout.label] : []),
      tint.label,
      element("label", { class: "choice" }, toggle, " pictures for points"),
      button("+", "Zoom in", () => this.zoom(STEP)),
      button("−", "Zoom out", () => this.zoom(1 / STEP)),
      button("All", "Show all", () => this.zoom(0)),
    ];
  }

  /** @param {number} place which layout */
  async lay(place) {
    const { points, heads, note } = this.data.report.layouts[place];
    this.view = new View(await unpack(points));
    this.heads = await unpackIfThere(heads);
    this.note.textContent = note + (heads ? " Crosses are the cluster heads." : "");
    this.pointed = -1;
    this.zoomed();
  }

  /** @param {string} value */
  colourBy(value) {
    this.tint = this.tints.find((tint) => tint.value === value) ?? this.tint;
    this.hidden.clear();
    this.fillLegend();
    this.draw();
  }

  /** @param {number} times 0 for all */
  zoom(times) {
    if (times) this.view.zoomAt(times);
    else this.view.reset();
    this.zoomed();
  }

  zoomed() {
    // A finger that is drawn up or down scrolls the page, until there is more of the map that way.
    this.canvas.style.touchAction = this.view.zoom > 1 ? "none" : "";
    this.draw();
  }

  /** Images that are shown. */
  get shown() {
    return Array.from({ length: this.data.count }, (_, image) => image).filter(
      (image) => !this.hidden.has(this.tint.group(image)),
    );
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  paint(context, width, height) {
    this.view.resize(width, height);
    const size = Math.min((this.data.count > 600 ? 2.8 : 4.4) * Math.sqrt(this.view.zoom), 7);
    context.strokeStyle = colour("--halo");
    context.lineWidth = 0.7;
    for (const image of this.shown) {
      const [x, y] = this.place(image);
      if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
      this.mark(context, image, x, y, size);
    }
    this.paintHeads(context);
    if (this.pointed < 0) return;
    const [x, y] = this.place(this.pointed);
    context.strokeStyle = colour("--ink");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, this.asPictures ? 16 : size + 4, 0, 2 * Math.PI);
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} image
   * @param {number} x
   * @param {number} y
   * @param {number} size
   */
  mark(context, image, x, y, size) {
    const { colour: fill, shape } = this.tint.mark(image);
    if (this.asPictures) {
      const { width, height } = this.pictures.sprite;
      const longest = Math.min(14 * Math.sqrt(this.view.zoom), 56);
      const [w, h] = [width, height].map((side) => (side / Math.max(width, height)) * longest);
      this.pictures.draw(context, image, x - w / 2, y - h / 2, w, h);
      context.save();
      context.strokeStyle = fill;
      context.lineWidth = 1.5;
      context.strokeRect(x - w / 2, y - h / 2, w, h);
      context.restore();
      return;
    }
    trace(context, shape, x, y, size);
    context.fillStyle = fill;
    context.fill();
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context */
  paintHeads(context) {
    if (!this.heads) return;
    context.strokeStyle = colour("--ink");
    context.lineWidth = 2;
    for (let head = 0; head < this.heads.length; head += 2) {
      const [x, y] = this.view.onScreen(this.heads[head], this.heads[head + 1]);
      context.beginPath();
      for (const side of [-1, 1]) {
        context.moveTo(x - 6, y - 6 * side);
        context.lineTo(x + 6, y + 6 * side);
      }
      context.stroke();
    }
  }

  /** @param {number} image */
  place(image) {
    return this.view.onScreen(this.view.points[2 * image], this.view.points[2 * image + 1]);
  }

  listen() {
    const { canvas } = this;
    /** @type {{x: number, y: number, moved: boolean} | null} */
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      held = { x: event.offsetX, y: event.offsetY, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = [event.offsetX, event.offsetY];
      if (!held) return this.point(this.view.nearest(this.shown, x, y, REACH));
      if (!held.moved && Math.hypot(x - held.x, y - held.y) < 5) return undefined;
      this.view.move(x - held.x, y - held.y);
      held = { x, y, moved: true };
      return this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      const image = this.view.nearest(this.shown, event.offsetX, event.offsetY, REACH);
      if (held && !held.moved && image >= 0) this.open(image);
      held = null;
    });
    canvas.addEventListener("pointercancel", () => (held = null));
    canvas.addEventListener("pointerleave", () => this.point(-1));
    canvas.addEventListener("blur", () => (this.card.hidden = true)); // the next arrow goes on from here
    canvas.addEventListener("focus", () => (this.card.hidden = this.pointed < 0));
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.view.zoomAt(STEP ** (-event.deltaY / 120), event.offsetX, event.offsetY);
        this.zoomed();
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key in DIRECTIONS) this.step(DIRECTIONS[event.key]);
    else if (event.key === "Enter" && this.pointed >= 0) this.open(this.pointed);
    else if (event.key === "+" || event.key === "=") this.zoom(STEP);
    else if (event.key === "-") this.zoom(1 / STEP);
    else if (event.key === "0") this.zoom(0);
    else return;
    event.preventDefault();
  }

  /** @param {[number, number]} direction */
  step(direction) {
    const { width, height } = this.view;
    const next =
      this.pointed < 0
        ? this.view.nearest(this.shown, width / 2, height / 2, Infinity)
        : this.view.next(this.shown, this.pointed, direction);
    if (next < 0) return;
    this.point(next);
    say(this.data.describe(next));
  }

  /** @param {number} image -1 for none */
  point(image) {
    if (image === this.pointed) return;
    this.pointed = image;
    this.card.hidden = image < 0;
    this.canvas.style.cursor = image < 0 ? "" : "pointer";
    if (image >= 0) {
      const [x, y] = this.place(image);
      this.card.replaceChildren(this.pictures.show(image), element("p", {}, this.data.describe(image)));
      this.card.classList.toggle("left", x > this.view.width / 2);
      this.card.classList.toggle("above", y > this.view.height / 2);
      this.card.style.left = `${x}px`;
      this.card.style.top = `${y}px`;
    }
    this.draw();
  }

  fillLegend() {
    const { groups, ends } = this.tint;
    this.legend.replaceChildren();
    if (ends) this.legend.append(scaleBar(ends));
    const used = new Set(Array.from({ length: this.data.count }, (_, image) => this.tint.group(image)));
    const listed = groups.filter(({ group }) => used.has(group));
    if (!listed.length) return;
    const boxes = listed.map(({ name, group, mark }) => {
      const box = element("input", {
        type: "checkbox",
        checked: true,
        change: () => {
          if (box.checked) this.hidden.delete(group);
          else this.hidden.add(group);
          this.draw();
        },
      });
      return { box, group, label: element("label", {}, box, key(mark), name) };
    });
    const all = (/** @type {boolean} */ on) => {
      this.hidden = new Set(on ? [] : listed.map(({ group }) => group));
      boxes.forEach(({ box }) => (box.checked = on));
      this.draw();
    };
    this.legend.append(
      element("div", { class: "controls" }, button("all", "Show every group", () => all(true)), button("none", "Hide every group", () => all(false))),
      element("fieldset", {}, element("legend", {}, this.tint.name), ...boxes.map(({ label }) => label)),
    );
  }
}

/** @param {string} text @param {string} name @param {() => void} press */
function button(text, name, press) {
  return element("button", { type: "button", "aria-label": name, title: name, click: press }, text);
}

/** @param {import("./marks.js").Mark} mark */
function key({ colour: fill, shape }) {
  const canvas = element("canvas", { class: "key", "aria-hidden": "true", width: 28, height: 28 });
  const context = canvas.getContext("2d");
  if (context) {
    context.fillStyle = fill;
    trace(context, shape, 14, 14, 9);
    context.fill();
    context.strokeStyle = colour("--halo");
    context.stroke();
  }
  return canvas;
}

/** @param {[string, string]} ends */
function scaleBar([low, high]) {
  const bar = element("div", { class: "scale", "aria-hidden": "true" });
  const stops = Array.from({ length: 9 }, (_, rank) => scaleColour(rank / 8));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  return element("div", { class: "scale-bar" }, element("span", {}, low), bar, element("span", {}, high));
}
