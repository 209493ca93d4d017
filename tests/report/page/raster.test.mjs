// A sketch becomes an image as large, as thick and where the data's are.

import assert from "node:assert/strict";
import { test } from "node:test";

import { rasterise } from "../../../aae_keras/report/page/raster.js";

const SKETCH = { background: 0, ink: 1, stroke: 2, extent: 10, by_mass: false, centre: [8, 8] };
const sum = (values) => values.reduce((total, value) => total + value, 0);

test("a line is as long and as thick as it should be, whatever its size on the board", () => {
  for (const length of [0.1, 1, 300]) {
    const image = rasterise([[{ x: 0, y: 5 }, { x: length, y: 5 }]], SKETCH, 16, 16);
    // A bar of 10 by 2 and a half disc of radius 1 at either end.
    assert.ok(Math.abs(sum(image) - (20 + Math.PI)) < 0.5, String(sum(image)));
    const rows = Array.from({ length: 16 }, (_, row) => sum(image.slice(16 * row, 16 * row + 16)));
    assert.deepEqual(rows.map((ink) => ink > 0), rows.map((_, row) => row === 7 || row === 8));
  }
});

test("ink may be darker than the ground", () => {
  const image = rasterise([[{ x: 0, y: 0 }, { x: 1, y: 0 }]], { ...SKETCH, background: 1, ink: 0.25 }, 16, 16);
  assert.equal(Math.max(...image), 1);
  assert.equal(Math.min(...image), 0.25);
});

test("by mass, the centre is that of the ink", () => {
  const hook = [[{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }]];
  const image = rasterise(hook, { ...SKETCH, by_mass: true, extent: 8, centre: [8, 7.5] }, 16, 16);
  const total = sum(image);
  const x = image.reduce((moment, ink, pixel) => moment + ink * ((pixel % 16) + 0.5), 0) / total;
  const y = image.reduce((moment, ink, pixel) => moment + ink * (Math.floor(pixel / 16) + 0.5), 0) / total;
  assert.ok(Math.abs(x - 8) < 0.05 && Math.abs(y - 7.5) < 0.05, `${x} ${y}`);
});

test("nothing drawn is the ground, and a dot is a dot in the middle", () => {
  assert.deepEqual(new Set(rasterise([], { ...SKETCH, background: 0.5 }, 4, 6)), new Set([0.5]));
  const dot = rasterise([[{ x: 3, y: 3 }]], SKETCH, 16, 16);
  assert.ok(Math.abs(sum(dot) - Math.PI) < 0.3);
  assert.equal(dot[7 * 16 + 7], dot[8 * 16 + 8]);
});
