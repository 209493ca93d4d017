// Sketch an image, and see what the run's own encoder takes it for.

import { colour, dragged, drawn, element, say } from "./dom.js";
import { bars } from "./detail.js";
import { paint, pixelCanvas } from "./pictures.js";
import { rasterise } from "./raster.js";

/** @typedef {import("./raster.js").Point} Point */

const MOST_BARS = 12;
// A step of the keyboard's pen: a share of the board's side.
const STEP = 0.04;

/**
 * @param {HTMLElement} body
 * @param {import("./data.js").Data} data
 * @param {import("./types.d.ts").Sketch} sketch
 * @param {import("./network.js").Network} encoder
 */
export function showSketch(body, data, sketch, encoder) {
  const [height, width] = data.report.image_shape;
  const seen = pixelCanvas(width, height, "the sketch as the model sees it");
  const answer = element("p", { class: "value", "aria-live": "polite" });
  const found = element("div", {});
  const board = new Board(width / height, sketch.stroke / sketch.extent, (strokes) => {
    const pixels = rasterise(strokes, sketch, height, width);
    paint(seen, pixels);
    if (!strokes.length) {
      answer.textContent = "Draw something.";
      found.replaceChildren();
      return;
    }
    const shares = softmax(encoder.run({ image: pixels }));
    const ranks = Array.from(shares, (_, rank) => rank).sort((a, b) => shares[b] - shares[a]);
    const shown = ranks.length > MOST_BARS ? ranks.slice(0, MOST_BARS) : ranks.sort((a, b) => a - b);
    const best = shares.indexOf(Math.max(...shares));
    answer.textContent = data.names[best];
    found.replaceChildren(bars(shown.map((rank) => [data.names[rank], shares[rank]])));
  });
  body.append(
    element(
      "div",
      { class: "sketch" },
      element(
        "div",
        {},
        board.canvas,
        element("div", { class: "controls" }, element("button", { type: "button", click: () => board.clear() }, "Clear")),
      ),
      element("div", {}, element("p", { class: "small" }, "as the model sees it"), seen),
      element("div", { class: "answer" }, answer, found),
    ),
    element(
      "p",
      { class: "aid" },
      "Draw with mouse, finger or keys: arrows move the pen, Space lifts or sets it down, Escape clears. ",
      "The sketch is centred, as large and as thick as the data are. Where it looks like none of them, the answer means nothing. ",
      data.report.networks.encoder_note,
    ),
  );
}

/** What is drawn on. */
class Board {
  /**
   * @param {number} ratio width over height
   * @param {number} thickness of a line: a share of what is drawn
   * @param {(strokes: Point[][]) => void} changed with places as shares of the height
   */
  constructor(ratio, thickness, changed) {
    this.ratio = ratio;
    this.thickness = thickness;
    this.changed = changed;
    /** @type {Point[][]} */
    this.strokes = [];
    this.pen = { x: ratio / 2, y: 0.5 };
    this.isDown = false;
    this.canvas = element("canvas", {
      class: "board",
      tabindex: "0",
      role: "application",
      "aria-label": "Board to sketch on: arrows move the pen, Space lifts or sets it down, Escape clears.",
    });
    this.canvas.style.aspectRatio = String(ratio);
    this.draw = drawn(this.canvas, (context, _, height) => this.paint(context, height));
    dragged(this.canvas, (x, y, isFirst) => {
      const height = this.canvas.clientHeight;
      this.add({ x: x / height, y: y / height }, isFirst);
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("focus", () => this.draw());
    this.canvas.addEventListener("blur", () => this.draw());
    this.update();
  }

  /** @param {Point} point @param {boolean} isFirst of a stroke */
  add(point, isFirst) {
    if (isFirst || !this.strokes.length) this.strokes.push([]);
    this.strokes[this.strokes.length - 1].push(point);
    this.pen = point;
    this.update();
  }

  clear() {
    this.strokes = [];
    this.isDown = false;
    this.update();
  }

  update() {
    this.changed(this.strokes);
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) {
      const x = Math.min(Math.max(this.pen.x + STEP * step[0], 0), this.ratio);
      const y = Math.min(Math.max(this.pen.y + STEP * step[1], 0), 1);
      this.pen = { x, y };
      if (this.isDown) this.add(this.pen, false);
      else this.draw();
    } else if (event.key === " ") {
      this.isDown = !this.isDown;
      if (this.isDown) this.add(this.pen, true);
      say(this.isDown ? "Pen down." : "Pen up.");
    } else if (event.key === "Escape") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} height in pixels */
  paint(context, height) {
    context.strokeStyle = colour("--ink");
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = Math.max(0.75 * this.thickness * height, 4);
    for (const stroke of this.strokes) {
      context.beginPath();
      stroke.forEach(({ x, y }) => context.lineTo(x * height, y * height));
      if (stroke.length === 1) context.lineTo(stroke[0].x * height + 0.1, stroke[0].y * height);
      context.stroke();
    }
    if (document.activeElement !== this.canvas) return;
    context.strokeStyle = colour("--accent");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(this.pen.x * height, this.pen.y * height, this.isDown ? 4 : 8, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** @param {Float32Array} logits */
export function softmax(logits) {
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
