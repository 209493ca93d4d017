// An export's files in a browser's readers, under Node; tests/deployment/export/test_web.py writes the case.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import vm from "node:vm";

const FILE = process.env.AAE_WEB_CASE;
const require = createRequire(import.meta.url);

/** LiteRT.js, which looks for a browser: its loader is a script, and asks for what Node gives to scripts. */
async function openLitert(file) {
  const folder = path.join(import.meta.dirname ?? path.dirname(require.resolve("./package.json")), "node_modules/@litertjs/core/wasm/");
  globalThis.self = globalThis;
  globalThis.navigator ??= {};
  globalThis.importScripts = (script) => {
    const source = `${readFileSync(script, "utf8")}\nreturn ModuleFactory;`;
    const loader = vm.compileFunction(source, ["require", "__dirname"], { filename: script });
    globalThis.ModuleFactory = loader(require, folder);
  };
  const { Tensor, loadAndCompile, loadLiteRt } = await import("@litertjs/core");
  await loadLiteRt(folder);
  const model = await loadAndCompile(new Uint8Array(readFileSync(file)), { accelerator: "wasm" });
  return async (pixels, shape) => {
    const image = new Tensor(pixels, shape);
    const [answer] = await model.run(image);
    const found = [...answer.toTypedArray()];
    image.delete();
    answer.delete();
    return found;
  };
}

async function openOnnx(file) {
  const { InferenceSession, Tensor, env } = await import("onnxruntime-web");
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(new Uint8Array(readFileSync(file)));
  return async (pixels, shape) => {
    const answer = await session.run({ image: new Tensor("float32", pixels, shape) });
    return [...answer.probabilities.data];
  };
}

const READERS = { litert: openLitert, onnx: openOnnx };

test("the labels are Keras's", { skip: !FILE && "no case was written" }, async () => {
  const { reader, file, shape, images, labels, probabilities } = JSON.parse(readFileSync(FILE, "utf8"));
  const ask = await READERS[reader](file);
  assert.ok(images.length >= 200);
  for (const [row, image] of images.entries()) {
    const found = await ask(Float32Array.from(image), [1, ...shape]);
    assert.equal(found.indexOf(Math.max(...found)), labels[row], `row ${row}`);
    const apart = probabilities[row].map((value, place) => Math.abs(value - found[place]));
    assert.ok(Math.max(...apart) < 1e-4, `${Math.max(...apart)} in row ${row}`);
  }
});
