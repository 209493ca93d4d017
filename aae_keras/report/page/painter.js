// From a code to an image, by the run's own decoder.

/** @typedef {import("./data.js").Data} Data */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {{y: Float32Array | null, z: Float32Array}} Code */

/** Draws codes. */
export class Painter {
  /** @param {Network} decoder @param {Data} data */
  constructor(decoder, data) {
    this.decoder = decoder;
    this.heads = data.heads;
    const [height, width] = data.report.image_shape;
    this.height = height;
    this.width = width;
    this.milliseconds = 0;
  }

  /** Whether a code must have a y. */
  get needsY() {
    return this.heads !== null || this.decoder.inputs.includes("y");
  }

  /**
   * @param {Code} code
   * @returns {Float32Array} pixels in [0, 1], row by row
   */
  paint({ y, z }) {
    const start = performance.now();
    /** @type {Record<string, Float32Array>} */
    const inputs = this.heads && y ? { representation: this.represent(y, z) } : { z };
    if (y) inputs.y = y;
    const pixels = this.decoder.run(inputs).map((logit) => 1 / (1 + Math.exp(-logit)));
    this.milliseconds = performance.now() - start;
    return pixels;
  }

  /**
   * The heads of y, as sure as it is of each, plus z.
   *
   * @param {Float32Array} y
   * @param {Float32Array} z
   */
  represent(y, z) {
    return z.map((value, axis) =>
      y.reduce((sum, share, head) => sum + share * (this.heads?.[head * z.length + axis] ?? 0), value),
    );
  }
}

/**
 * The code on the way from one to another.
 *
 * @param {Code} from
 * @param {Code} to
 * @param {number} share of the way, in [0, 1]
 * @returns {Code}
 */
export function between(from, to, share) {
  return {
    y: from.y && to.y && mixed(from.y, to.y, share),
    z: mixed(from.z, to.z, share),
  };
}

/** @param {Float32Array} from @param {Float32Array} to @param {number} share */
function mixed(from, to, share) {
  return from.map((value, axis) => (1 - share) * value + share * to[axis]);
}
