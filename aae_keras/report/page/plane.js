// Two dimensions of a style, to be dragged about in the plane of its prior.

import { colour, dragged, drawn, element } from "./dom.js";

/** @typedef {import("./data.js").Data} Data */

// How far the plane reaches, in standard deviations of a Gaussian prior.
const REACH = 3.3;

/** A plane with a handle. */
export class Plane {
  /**
   * @param {Data} data
   * @param {(across: number, up: number) => void} moved to what values of the two dimensions
   */
  constructor(data, moved) {
    this.data = data;
    this.moved = moved;
    this.axes = [0, Math.min(1, data.latentDim - 1)];
    this.at = [0, 0];
    this.canvas = element("canvas", {
      class: "plane",
      tabindex: "0",
      role: "application",
      "aria-label": "Style: arrows move it in the plane of the prior.",
    });
    this.draw = drawn(this.canvas, (context, width, height) => this.paint(context, width, height));
    dragged(this.canvas, (x, y) => this.take(x, y));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {number} across which dimension @param {number} up */
  turn(across, up) {
    this.axes = [across, up];
    this.draw();
  }

  /** @param {ArrayLike<number>} z */
  show(z) {
    this.at = this.axes.map((axis) => z[axis]);
    this.draw();
  }

  /** @param {number} axis @returns {[number, number]} its ends */
  range(axis) {
    const { stddev } = this.data.report.codes ?? {};
    return rangeOf(this.data, axis, stddev ?? null);
  }

  /** @param {number} x @param {number} y in pixels */
  take(x, y) {
    const { clientWidth, clientHeight } = this.canvas;
    const share = [x / clientWidth, 1 - y / clientHeight];
    this.put(share.map((part, place) => mix(this.range(this.axes[place]), part)));
  }

  /** @param {number[]} at */
  put(at) {
    this.at = at.map((value, place) => {
      const [low, high] = this.range(this.axes[place]);
      return Math.min(Math.max(value, low), high);
    });
    this.moved(this.at[0], this.at[1]);
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = (/** @type {number} */ place) => {
      const [low, high] = this.range(this.axes[place]);
      return (high - low) / (event.shiftKey ? 10 : 40);
    };
    const [x, y] = this.at;
    const to = {
      ArrowLeft: [x - step(0), y],
      ArrowRight: [x + step(0), y],
      ArrowDown: [x, y - step(1)],
      ArrowUp: [x, y + step(1)],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    this.put(to);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  paint(context, width, height) {
    const [across, up] = this.axes.map((axis) => this.range(axis));
    const place = (/** @type {number} */ x, /** @type {number} */ y) => [
      width * share(across, x),
      height * (1 - share(up, y)),
    ];
    this.paintPrior(context, place);
    context.fillStyle = colour("--ink");
    context.globalAlpha = 0.3;
    const { z, latentDim, count } = this.data;
    for (let image = 0; image < count; image++) {
      const row = image * latentDim;
      const [x, y] = place(z[row + this.axes[0]], z[row + this.axes[1]]);
      context.fillRect(x - 1, y - 1, 2, 2);
    }
    context.globalAlpha = 1;
    const [x, y] = place(this.at[0], this.at[1]);
    context.fillStyle = colour("--accent");
    context.strokeStyle = colour("--paper");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }

  /**
   * Rings of 1, 2 and 3 standard deviations of a Gaussian, or samples of another prior.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {(x: number, y: number) => number[]} place
   */
  paintPrior(context, place) {
    const { stddev } = this.data.report.codes ?? {};
    context.strokeStyle = context.fillStyle = colour("--quiet");
    context.lineWidth = 1;
    if (stddev) {
      for (const times of [1, 2, 3]) {
        const [x, y] = place(0, 0);
        context.beginPath();
        context.arc(x, y, place(times * stddev, 0)[0] - x, 0, 2 * Math.PI);
        context.stroke();
      }
      return;
    }
    const { prior, latentDim } = this.data;
    for (let row = 0; prior && row < prior.length; row += latentDim) {
      const [x, y] = place(prior[row + this.axes[0]], prior[row + this.axes[1]]);
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
    }
  }
}

/**
 * From where to where a dimension of the style goes.
 *
 * @param {Data} data
 * @param {number} axis
 * @param {number | null} stddev of a Gaussian prior
 * @returns {[number, number]}
 */
export function rangeOf(data, axis, stddev) {
  if (stddev) return [-REACH * stddev, REACH * stddev];
  const values = Array.from(data.prior ?? data.z).filter((_, place) => place % data.latentDim === axis);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = 0.1 * (high - low);
  return [low - margin, high + margin];
}

/** @param {[number, number]} range @param {number} part */
function mix([low, high], part) {
  return low + part * (high - low);
}

/** @param {[number, number]} range @param {number} value */
function share([low, high], value) {
  return (value - low) / (high - low);
}
