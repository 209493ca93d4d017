// What the panes share: the report's arrays unpacked, and questions about single images.

import { unpackIfThere } from "./unpack.js";

/** @typedef {import("./types.d.ts").Report} Report */
/** @typedef {import("./unpack.js").Numbers} Numbers */

/** Held-out images and what the model makes of them. */
export class Data {
  /**
   * @param {Report} report
   * @param {Record<string, Numbers | null>} arrays by their names in `Images` and `Codes`
   */
  constructor(report, arrays) {
    this.report = report;
    this.count = report.images?.sprite.count ?? 0;
    /** What a table of labels calls each image. */
    this.called = report.images?.names ?? [];
    this.labels = arrays.labels ?? new Int16Array();
    this.predicted = arrays.predicted;
    this.confidence = arrays.confidence;
    this.right = arrays.right;
    this.novelty = arrays.novelty;
    this.suspects = arrays.suspects ?? new Int16Array();
    this.neighbours = arrays.neighbours ?? new Int16Array();
    this.y = arrays.y;
    this.z = arrays.z ?? new Float32Array();
    this.heads = arrays.heads;
    this.prior = arrays.prior;
    this.typical = arrays.typical ?? new Int16Array();
    this.latentDim = report.codes?.z.shape[1] ?? 0;
    this.classes = report.categories.classes;
    this.names = report.categories.names;
    this.kind = report.categories.kind;
  }

  /**
   * @param {Report} report
   * @returns {Promise<Data>}
   */
  static async open(report) {
    const { images, codes, categories } = report;
    const packed = { ...images, ...codes, sprite: null, names: null, stddev: null, typical: categories.typical };
    const named = Object.entries(packed).map(async ([name, array]) => [
      name,
      await unpackIfThere(array ?? null),
    ]);
    return new Data(report, Object.fromEntries(await Promise.all(named)));
  }

  /** Whether any image has a known label. */
  get hasLabels() {
    return this.labels.some((label) => label >= 0);
  }

  /** @param {number} image */
  label(image) {
    return this.labels[image] < 0 ? "unknown" : this.classes[this.labels[image]];
  }

  /** @param {number} image */
  prediction(image) {
    return this.predicted ? this.names[this.predicted[image]] : "";
  }

  /** @param {number} image */
  zOf(image) {
    return this.z.slice(image * this.latentDim, (image + 1) * this.latentDim);
  }

  /**
   * Probabilities of the values of y; of a y that is given, the label. Null where that is not known.
   *
   * @param {number} image
   */
  yOf(image) {
    const width = this.names.length;
    if (this.y) return Float32Array.from(this.y.slice(image * width, (image + 1) * width));
    if (this.kind !== "given" || this.labels[image] < 0) return null;
    return oneHot(this.labels[image], width);
  }

  /** @param {number} image */
  neighboursOf(image) {
    const width = this.report.images?.neighbours.shape[1] ?? 0;
    return Array.from(this.neighbours.slice(image * width, (image + 1) * width));
  }

  /**
   * One line on an image, for a caption or a screen reader.
   *
   * @param {number} image
   */
  describe(image) {
    const parts = [`image ${this.called[image]}`];
    if (this.hasLabels) parts.push(`label ${this.label(image)}`);
    if (this.predicted) parts.push(`${this.answers} ${this.prediction(image)}`);
    if (this.confidence) parts.push(`${percent(this.confidence[image])} sure`);
    if (this.right && this.right[image] >= 0) parts.push(this.right[image] ? "right" : "wrong");
    if (this.novelty && !Number.isNaN(this.novelty[image]))
      parts.push(`novelty ${this.novelty[image].toPrecision(2)}`);
    return parts.join(", ");
  }

  /** What the value of y is called that the model answers. */
  get answers() {
    return this.kind === "cluster" ? "cluster" : "predicted";
  }
}

/** @param {number} share in [0, 1] */
export function percent(share) {
  const value = 100 * share;
  // 99.96 % is not certain: only what is 100 % is called so.
  return `${share < 1 && value > 99.9 ? ">99.9" : value.toFixed(value > 99 ? 1 : 0)} %`;
}

/** @param {number} place @param {number} width */
export function oneHot(place, width) {
  const values = new Float32Array(width);
  values[place] = 1;
  return values;
}
