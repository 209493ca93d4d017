// Pictures: small ones out of a sprite, and pixels that a network has drawn.

import { element } from "./dom.js";

/** @typedef {import("./types.d.ts").Sprite} Sprite */

/** The small pictures of a sprite, by number. */
export class Pictures {
  /** @param {Sprite} sprite @param {HTMLImageElement} sheet */
  constructor(sprite, sheet) {
    this.sprite = sprite;
    this.sheet = sheet;
  }

  /**
   * @param {Sprite} sprite
   * @returns {Promise<Pictures>}
   */
  static async open(sprite) {
    const sheet = new Image();
    sheet.src = sprite.source;
    await sheet.decode();
    return new Pictures(sprite, sheet);
  }

  /**
   * @param {number} number
   * @param {string} name what is on it; "" where words beside it say so
   */
  show(number, name = "") {
    const { width, height } = this.sprite;
    const canvas = pixelCanvas(width, height, name);
    const context = canvas.getContext("2d");
    if (context) this.draw(context, number, 0, 0, width, height);
    return canvas;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} number
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   */
  draw(context, number, x, y, width, height) {
    const { columns, width: w, height: h } = this.sprite;
    const left = (number % columns) * w;
    const top = Math.floor(number / columns) * h;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.sheet, left, top, w, h, x, y, width, height);
  }
}

/**
 * A canvas that shows its pixels as squares.
 *
 * @param {number} width
 * @param {number} height
 * @param {string} name what is on it; "" where words beside it say so
 */
export function pixelCanvas(width, height, name = "") {
  /** @type {Record<string, string>} */
  const spoken = name ? { role: "img", "aria-label": name } : { "aria-hidden": "true" };
  const canvas = element("canvas", { class: "picture", width, height, ...spoken });
  canvas.style.aspectRatio = `${width} / ${height}`;
  return canvas;
}

/**
 * @param {HTMLCanvasElement} canvas of the image's size
 * @param {ArrayLike<number>} pixels in [0, 1], row by row, 1 or 3 channels
 */
export function paint(canvas, pixels) {
  const count = canvas.width * canvas.height;
  const channels = pixels.length / count;
  const bytes = new Uint8ClampedArray(4 * count);
  for (let pixel = 0; pixel < count; pixel++) {
    for (let channel = 0; channel < 3; channel++)
      bytes[4 * pixel + channel] = 255 * pixels[pixel * channels + (channels === 1 ? 0 : channel)];
    bytes[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(new ImageData(bytes, canvas.width, canvas.height), 0, 0);
}
