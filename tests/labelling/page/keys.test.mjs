// Keys of classes, and how long the rest will take.

import assert from "node:assert/strict";
import { test } from "node:test";

import { keysOf } from "../../../aae_keras/labelling/page/keys.js";
import { remaining } from "../../../aae_keras/labelling/page/pace.js";

test("classes get 1 to 9, 0, then letters; beyond them none", () => {
  const keys = keysOf(Array.from({ length: 40 }, (_, rank) => `class ${rank}`));
  assert.equal(keys.slice(0, 12).join(""), "1234567890ab");
  assert.equal(new Set(keys.slice(0, 36)).size, 36);
  assert.deepEqual(keys.slice(36), ["", "", "", ""]);
});

test("a class called by one letter or digit has that very key", () => {
  assert.deepEqual(keysOf(["0", "1", "A", "cat", "ä"]), ["0", "1", "a", "2", "3"]);
});

test("the rest is judged by the median answer, without pauses", () => {
  assert.equal(remaining([3, 3], 18), "");
  assert.equal(remaining([1, 10, 600, 10, 12], 18), "about 3 more minutes");
  assert.equal(remaining([6, 6, 6], 10), "about 1 more minute");
  assert.equal(remaining([1, 1, 1], 18), "less than a minute more");
  assert.equal(remaining([10, 10, 10], 720), "about 2 more hours");
  assert.equal(remaining([10, 10, 10], 0), "");
});
