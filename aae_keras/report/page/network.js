// The forward pass of the run's own networks, for one image or one code.

import { unpack } from "./unpack.js";

/** @typedef {import("./types.d.ts").Node} Node */
/** @typedef {Record<string, Float32Array>} Weights */
/** @typedef {{node: Node, weights: Weights}} Step */
/** @typedef {{values: Float32Array, shape: number[]}} Tensor */

/** A network with its weights unpacked. */
export class Network {
  /**
   * @param {Step[]} steps
   * @param {number} output which of them is the output
   */
  constructor(steps, output) {
    this.steps = steps;
    this.output = output;
  }

  /**
   * @param {import("./types.d.ts").Network} network
   * @returns {Promise<Network>}
   */
  static async open(network) {
    const steps = network.nodes.map(async (node) => {
      const named = Object.entries(node.weights).map(async ([name, weight]) => [
        name,
        await floats(weight),
      ]);
      return { node, weights: Object.fromEntries(await Promise.all(named)) };
    });
    return new Network(await Promise.all(steps), network.output);
  }

  /** Names of the inputs. */
  get inputs() {
    return this.steps.filter(({ node }) => node.kind === "input").map(({ node }) => node.name);
  }

  /**
   * @param {Record<string, ArrayLike<number>>} inputs by name; one that is left out is zero
   * @returns {Float32Array} the output, row by row
   */
  run(inputs) {
    /** @type {Tensor[]} */
    const tensors = [];
    for (const { node, weights } of this.steps) {
      const size = node.shape.reduce((product, side) => product * side, 1);
      const from = node.inputs.map((place) => tensors[place]);
      const values =
        node.kind === "input"
          ? Float32Array.from(inputs[node.name] ?? new Float32Array(size))
          : COMPUTE[node.kind](node, from, weights, size);
      if (values.length !== size)
        throw new RangeError(`${node.name} takes ${size} numbers. Received: ${values.length}`);
      tensors.push({ values: node.relu ? values.map(positive) : values, shape: node.shape });
    }
    return tensors[this.output].values;
  }
}

/** @param {number} value */
const positive = (value) => (value > 0 ? value : 0);

/**
 * @param {import("./types.d.ts").Weight} weight
 * @returns {Promise<Float32Array>}
 */
async function floats(weight) {
  const values = await unpack(weight.values);
  if (values instanceof Float32Array) return values;
  if (!weight.scale) return Float32Array.from(values);
  const scale = await unpack(weight.scale);
  return Float32Array.from(values, (value, place) => value * scale[place % scale.length]);
}

/** @type {Record<string, (node: Node, from: Tensor[], weights: Weights, size: number) => Float32Array>} */
const COMPUTE = { same, dense, affine, concatenate, convolution, transposed, cropping };

/** @param {Node} _ @param {Tensor[]} from */
function same(_, [{ values }]) {
  return values;
}

/** @param {Node} _ @param {Tensor[]} from @param {Weights} weights @param {number} size */
function dense(_, [{ values }], { kernel, bias }, size) {
  const sums = bias ? bias.slice() : new Float32Array(size);
  for (let place = 0; place < values.length; place++) {
    const value = values[place];
    if (value === 0) continue; // half of what a ReLU lets through
    const row = place * size;
    for (let unit = 0; unit < size; unit++) sums[unit] += value * kernel[row + unit];
  }
  return sums;
}

/** @param {Node} _ @param {Tensor[]} from @param {Weights} weights */
function affine(_, [{ values }], { scale, offset }) {
  const width = scale.length;
  return values.map((value, place) => value * scale[place % width] + offset[place % width]);
}

/** @param {Node} _ @param {Tensor[]} from @param {Weights} _weights @param {number} size */
function concatenate(_, from, _weights, size) {
  const joined = new Float32Array(size);
  let place = 0;
  for (const { values } of from) {
    joined.set(values, place);
    place += values.length;
  }
  return joined;
}

/** @param {Node} node @param {Tensor[]} from @param {Weights} weights */
function convolution(node, [input], { kernel, bias }) {
  const [channels, filters] = node.weights.kernel.values.shape.slice(2);
  const output = filled(node.shape, bias);
  forEachTap(node, input.shape, node.shape, (inside, outside, tap) => {
    const place = outside * filters;
    for (let channel = 0; channel < channels; channel++) {
      const value = input.values[inside * channels + channel];
      if (value === 0) continue;
      const row = (tap * channels + channel) * filters;
      for (let filter = 0; filter < filters; filter++)
        output[place + filter] += value * kernel[row + filter];
    }
  });
  return output;
}

/** @param {Node} node @param {Tensor[]} from @param {Weights} weights */
function transposed(node, [input], { kernel, bias }) {
  const [filters, channels] = node.weights.kernel.values.shape.slice(2);
  const output = filled(node.shape, bias);
  // A convolution backwards: what that would read is written here, and the other way round.
  forEachTap(node, node.shape, input.shape, (outside, inside, tap) => {
    for (let filter = 0; filter < filters; filter++) {
      const row = (tap * filters + filter) * channels;
      let sum = 0;
      for (let channel = 0; channel < channels; channel++)
        sum += input.values[inside * channels + channel] * kernel[row + channel];
      output[outside * filters + filter] += sum;
    }
  });
  return output;
}

/**
 * Visit each pair of a pixel and one that a convolution makes of it.
 *
 * @param {Node} node
 * @param {number[]} wide shape of what the convolution reads
 * @param {number[]} narrow shape of what it writes
 * @param {(read: number, written: number, tap: number) => void} visit with the numbers of both
 *   pixels and of the kernel's
 */
function forEachTap(node, wide, narrow, visit) {
  const [rows, columns] = node.weights.kernel.values.shape;
  const top = padding(wide[0], narrow[0], rows, node.stride[0]);
  const left = padding(wide[1], narrow[1], columns, node.stride[1]);
  for (let y = 0; y < narrow[0]; y++)
    for (let x = 0; x < narrow[1]; x++)
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          const readY = y * node.stride[0] + row - top;
          const readX = x * node.stride[1] + column - left;
          if (readY < 0 || readY >= wide[0] || readX < 0 || readX >= wide[1]) continue;
          visit(readY * wide[1] + readX, y * narrow[1] + x, row * columns + column);
        }
}

/**
 * Pixels that TensorFlow pads at the beginning: half of all, and the odd one goes to the end.
 *
 * @param {number} wide @param {number} narrow @param {number} kernel @param {number} stride
 */
function padding(wide, narrow, kernel, stride) {
  return Math.floor(Math.max((narrow - 1) * stride + kernel - wide, 0) / 2);
}

/** @param {number[]} shape @param {Float32Array | undefined} bias repeated in every pixel */
function filled([height, width, filters], bias) {
  const values = new Float32Array(height * width * filters);
  if (bias) for (let pixel = 0; pixel < height * width; pixel++) values.set(bias, pixel * filters);
  return values;
}

/** @param {Node} node @param {Tensor[]} from */
function cropping(node, [input]) {
  const [height, width, channels] = node.shape;
  const [top, left] = node.stride;
  const cut = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const start = ((y + top) * input.shape[1] + left) * channels;
    cut.set(input.values.subarray(start, start + width * channels), y * width * channels);
  }
  return cut;
}
