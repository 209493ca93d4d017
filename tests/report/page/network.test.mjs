// The networks in the page against Keras's own outputs, which tests/report/test_networks.py writes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Network } from "../../../aae_keras/report/page/network.js";

const FILE = process.env.AAE_REPORT_NETWORKS;

test("networks compute what Keras computes", { skip: !FILE && "no networks were written" }, async (t) => {
  for (const { name, network, inputs, outputs, atol } of JSON.parse(readFileSync(FILE, "utf8"))) {
    await t.test(name, async () => {
      const opened = await Network.open(network);
      assert.deepEqual(new Set(opened.inputs), new Set(Object.keys(inputs)));
      outputs.forEach((expected, row) => {
        const given = Object.fromEntries(Object.entries(inputs).map(([key, rows]) => [key, rows[row]]));
        const found = opened.run(given);
        assert.equal(found.length, expected.length);
        const largest = Math.max(...expected.map((value, place) => Math.abs(value - found[place])));
        assert.ok(largest <= atol, `${largest} in row ${row}`);
      });
    });
  }
});

/** A dense node without weights that matter. */
function sum(name, width) {
  return { kind: "same", name, inputs: [0], shape: [width], relu: false, stride: [1, 1], weights: {} };
}

test("an input of another size is refused by name", async () => {
  const image = { ...sum("image", 4), kind: "input", inputs: [] };
  const network = await Network.open({ nodes: [image, sum("flat", 4)], output: 1 });
  assert.deepEqual([...network.run({ image: [1, 2, 3, 4] })], [1, 2, 3, 4]);
  assert.throws(() => network.run({ image: [1, 2, 3] }), /image takes 4 numbers. Received: 3/);
});

test("an input that is left out is zero", async () => {
  const noise = { ...sum("noise", 2), kind: "input", inputs: [] };
  const network = await Network.open({ nodes: [noise], output: 0 });
  assert.deepEqual([...network.run({})], [0, 0]);
});
