// Orders of images, and who is taken for whom.

import assert from "node:assert/strict";
import { test } from "node:test";

import { percent } from "../../../aae_keras/report/page/data.js";
import { busiest, confusion, listsOf } from "../../../aae_keras/report/page/lists.js";
import { ticks } from "../../../aae_keras/report/page/chart.js";
import { between } from "../../../aae_keras/report/page/painter.js";
import { softmax } from "../../../aae_keras/report/page/sketch.js";
import { unpack } from "../../../aae_keras/report/page/unpack.js";

const DATA = {
  count: 4,
  labels: [0, 1, 1, -1],
  predicted: [0, 0, 0, 1],
  right: [1, 0, 0, -1],
  confidence: [0.9, 0.6, 0.8, 0.5],
  novelty: [1, 3, NaN, 2],
  suspects: [2],
  classes: ["cat", "dog"],
  names: ["cat", "dog"],
};

const images = (value, data = DATA) => listsOf(data).find((list) => list.value === value)?.images(data);

test("lists begin with what is worth most", () => {
  assert.deepEqual(images("wrong"), [2, 1]);
  assert.deepEqual(images("unsure"), [3, 1, 2, 0]);
  assert.deepEqual(images("novel"), [1, 3, 0]);
  assert.deepEqual(images("suspect"), [2]);
});

test("a list without anything in it is not offered", () => {
  const bare = { ...DATA, right: null, confidence: null, novelty: null, suspects: [] };
  assert.deepEqual(listsOf(bare).map(({ value }) => value), ["all"]);
});

test("the confusion matrix counts labelled images", () => {
  assert.deepEqual(confusion(DATA), [new Map([[0, 1]]), new Map([[0, 2]])]);
});

test("of many classes those with most mistakes are shown", () => {
  const counts = Array.from({ length: 5000 }, (_, row) => new Map([[row, 5]]));
  counts[17].set(250, 3);
  counts[299].set(299, 50);
  const chosen = (most) => busiest(counts, 5000, (row, column) => row === column, most);
  assert.deepEqual(chosen(1), { rows: [17], columns: [250] });
  // Then what is used most.
  assert.deepEqual(chosen(2), { rows: [17, 299], columns: [250, 299] });
  assert.deepEqual(chosen(3), { rows: [0, 17, 299], columns: [0, 250, 299] });
});

test("of mistakes that are all rare some are shown", () => {
  const counts = Array.from({ length: 5000 }, (_, row) => new Map([[(7 * row + 1) % 5000, 1]]));
  const { rows, columns } = busiest(counts, 5000, () => false, 24);
  assert.equal(rows.length, 24);
  assert.equal(rows.filter((row) => columns.some((column) => counts[row].has(column))).length, 24);
});

test("shares are never rounded up to certainty", () => {
  assert.deepEqual([0, 0.5, 0.996, 0.99999, 1].map(percent), ["0 %", "50 %", "99.6 %", ">99.9 %", "100.0 %"]);
});

test("ticks are round numbers within the range", () => {
  assert.deepEqual(ticks([0, 1], 5, 0), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks([1, 4], 6, 1), [1, 2, 3, 4]);
  assert.deepEqual(ticks([3, 3], 6, 1), [3]);
});

test("half way between two codes is their mean", () => {
  const code = between({ y: Float32Array.of(1, 0), z: Float32Array.of(2) }, { y: Float32Array.of(0, 1), z: Float32Array.of(4) }, 0.5);
  assert.deepEqual(code, { y: Float32Array.of(0.5, 0.5), z: Float32Array.of(3) });
});

test("the softmax of large logits is finite and sums to 1", () => {
  assert.deepEqual([...softmax(Float32Array.of(1000, 1000, -1000))], [0.5, 0.5, 0]);
});

test("16-bit floats are read with sign, subnormals and infinities", async () => {
  const bits = Uint16Array.of(0x0000, 0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x7e00);
  const stream = new Blob([bits]).stream().pipeThrough(new CompressionStream("gzip"));
  const data = Buffer.from(await new Response(stream).arrayBuffer()).toString("base64");
  const values = await unpack({ dtype: "float16", shape: [7], data });
  assert.deepEqual([...values], [0, 1, -2, 2 ** -24, 65504, Infinity, NaN]);
});
