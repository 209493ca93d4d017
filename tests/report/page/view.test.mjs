// Zoom, and the way from image to image by keys.

import assert from "node:assert/strict";
import { test } from "node:test";

import { View } from "../../../aae_keras/report/page/view.js";

// The corners of a square, and its middle.
const SQUARE = [0, 0, 2, 0, 0, 2, 2, 2, 1, 1];
const ALL = [0, 1, 2, 3, 4];

function view() {
  const made = new View(SQUARE);
  made.resize(448, 248);
  return made;
}

test("points keep their proportions and fit", () => {
  const made = view();
  // 248 less two margins of 24, over a side of 2.
  assert.deepEqual(made.onScreen(1, 1), [224, 124]);
  assert.deepEqual(made.onScreen(0, 0), [124, 224]);
  assert.deepEqual(made.onScreen(2, 2), [324, 24]);
});

test("what is under the pointer stays there while zooming", () => {
  const made = view();
  made.zoomAt(2, 124, 224);
  assert.deepEqual(made.onScreen(0, 0), [124, 224]);
  assert.deepEqual(made.onScreen(1, 1), [324, 24]);
  made.zoomAt(0.01);
  assert.deepEqual(made.onScreen(1, 1), [224, 124]);
});

test("nearest looks within reach, among what is shown", () => {
  const made = view();
  assert.equal(made.nearest(ALL, 226, 124, 10), 4);
  assert.equal(made.nearest([0, 1, 2, 3], 226, 124, 10), -1);
});

test("arrows go to the next image in their direction", () => {
  const made = view();
  assert.equal(made.next([0, 1, 2, 3], 0, [1, 0]), 1);
  assert.equal(made.next([0, 1, 2, 3], 0, [0, -1]), 2);
  // The middle is nearer to the right, but lies aside as far.
  assert.equal(made.next(ALL, 0, [1, 0]), 1);
  assert.equal(made.next(ALL, 1, [1, 0]), -1);
});
