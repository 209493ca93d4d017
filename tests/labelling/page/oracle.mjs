// Answers the page's questions as a person would, by its keys, from a table of what is true.
//
//     AAE_PAGE=URL AAE_ANSWERS=FILE.json node oracle.mjs
//
// FILE.json has the class of each image by what the page calls it. Prints how many were answered.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { lacking, launch } from "../../report/page/browsers.mjs";

assert.equal(lacking("chrome"), false);
const answers = JSON.parse(readFileSync(process.env.AAE_ANSWERS, "utf8"));

const browser = await launch("chrome");
const page = await browser.newPage();
await page.goto(process.env.AAE_PAGE);
await page.waitForFunction("document.documentElement.dataset.ready", { timeout: 60000 });

const known = new Set(await page.$$eval("#classes button", (all) => all.map((button) => button.lastChild.textContent)));
const said = (start) => page.waitForFunction((start) => document.getElementById("said").textContent.startsWith(start), { timeout: 30000 }, start);

let count = 0;
while (await page.$eval("#end", (end) => end.hidden)) {
  const image = await page.$eval("#caption strong", (found) => found.textContent);
  const name = answers[image];
  assert.ok(name, image);
  if (!known.has(name)) {
    await page.keyboard.press("+");
    await page.keyboard.type(name);
    await page.keyboard.press("Enter");
    await said(`${name} is a class now`);
    known.add(name);
  }
  await page.keyboard.press(name);
  await page.waitForFunction((image) => !document.getElementById("end").hidden || document.querySelector("#caption strong").textContent !== image, { timeout: 30000 }, image);
  count += 1;
}
await browser.close();
console.log(count);
