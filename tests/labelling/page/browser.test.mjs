// The page in real browsers, used as a person would. tests/labelling/test_page.py serves it.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { holds, KINDS, lacking, launch, resize } from "../../report/page/browsers.mjs";

// Addresses of a server for each browser.
const SERVED = process.env.AAE_LABEL_PAGES && JSON.parse(process.env.AAE_LABEL_PAGES);
// Where screenshots go, for who wants to look at them.
const SHOTS = process.env.AAE_REPORT_SHOTS;
const HOSTILE = "<script>alert(1)</script>";

for (const kind of KINDS) {
  describe(kind, { skip: (!SERVED && "no page was served") || lacking(kind) }, () => useIt(kind, SERVED?.[kind]));
}

/** The tests follow one another: what one has answered, the next one finds. */
function useIt(kind, url) {
  let browser;
  const complaints = [];

  before(async () => {
    browser = await launch(kind);
  });
  after(async () => {
    await browser?.close();
    assert.deepEqual(complaints, []);
  });

  async function open() {
    const tab = await browser.newPage();
    tab.on("pageerror", (error) => complaints.push(error.message));
    tab.on("console", (message) => message.type() === "error" && !message.text().includes("409") && complaints.push(message.text()));
    tab.on("dialog", (dialog) => complaints.push(`dialog ${dialog.message()}`));
    tab.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("data:")) complaints.push(`asked for ${request.url()}`);
    });
    await resize(tab, { width: 1000, height: 900 });
    await tab.goto(url);
    await holds(tab, "document.documentElement.dataset.ready");
    return tab;
  }

  const text = (tab, selector) => tab.$eval(selector, (found) => found.textContent);

  /** Do something once the image is there, and wait until the page has said so. */
  async function until(tab, said, act) {
    await holds(tab, () => !document.getElementById("image").hidden || document.getElementById("shown").hidden);
    await act();
    await holds(tab, (said) => document.getElementById("said").textContent.startsWith(said), said);
  }
  const press = (tab, key, said) => until(tab, said, () => tab.keyboard.press(key));

  test("keys label, skip, accept and undo, and names are text", async () => {
    const tab = await open();
    assert.ok((await text(tab, "#about")).startsWith(`${HOSTILE} → `));
    const names = await tab.$$eval("#classes button", (all) => all.map((button) => button.lastChild.textContent));
    assert.deepEqual(names, ["a", "b", HOSTILE]);
    assert.equal(await tab.$$eval("script", (all) => all.length), 1);
    await press(tab, "1", `${HOSTILE}, saved. 1 of 12`); // a and b have keys of their own
    await press(tab, "a", "a, saved. 2 of 12");
    await press(tab, "ArrowRight", "Skipped");
    assert.equal(await text(tab, "#caption strong"), "unlabeled/003.png");
    await press(tab, "b", "b, saved. 3 of 12");
    await press(tab, "Enter", "a, saved. 4 of 12"); // 004, which is predicted a
    await press(tab, "Backspace", "Undone. 3 of 12");
    assert.equal(await text(tab, "#caption strong"), "unlabeled/004.png");
    await press(tab, "b", "b, saved. 4 of 12");
    assert.equal(await tab.$eval("#bar", (bar) => bar.value), 4);
    assert.equal(await tab.evaluate(() => document.activeElement.id), "shown");
    await tab.close();
  });

  test("after a reload it goes on, and a class is added", async () => {
    const tab = await open();
    assert.match(await text(tab, "#progress"), /^4 of 12/);
    assert.equal(await text(tab, "#caption strong"), "unlabeled/002.png"); // once skipped
    await tab.keyboard.press("+");
    await tab.keyboard.type("c 1");
    await until(tab, "c 1 is a class now", () => tab.keyboard.press("Enter"));
    await press(tab, "2", "c 1, saved. 5 of 12");
    await tab.close();
  });

  test("no key answers for an image that is not there yet", async () => {
    const tab = await open();
    await holds(tab, () => !document.getElementById("image").hidden);
    await tab.evaluate(() => (document.getElementById("image").hidden = true)); // as while it loads
    await tab.keyboard.press("a");
    await new Promise((done) => setTimeout(done, 500));
    assert.match(await text(tab, "#progress"), /^5 of 12/);
    await tab.close();
  });

  test("undo goes on after a reload, past what was answered twice", async () => {
    const first = await open();
    await press(first, "a", "a, saved. 6 of 12");
    await press(first, "Backspace", "Undone. 5 of 12");
    await press(first, "b", "b, saved. 6 of 12");
    await first.close();
    const second = await open();
    await press(second, "Backspace", "Undone. 5 of 12");
    await press(second, "Backspace", "Undone. 4 of 12"); // not the same again, which is refused
    await press(second, "2", "c 1, saved. 5 of 12");
    await second.close();
  });

  test("two tabs do not overwrite each other and are told", async () => {
    const [one, two] = [await open(), await open()];
    await one.bringToFront();
    await press(one, "a", "a, saved. 6 of 12"); // 005
    assert.equal(await text(two, "#caption strong"), "unlabeled/005.png");
    await two.bringToFront();
    await two.keyboard.press("b");
    await holds(two, () => /005.png is 'a' already|has called this image a/.test(document.getElementById("trouble").textContent));
    await holds(two, () => document.getElementById("progress").textContent.startsWith("6 of 12"));
    await press(two, "ArrowRight", "Skipped");
    assert.equal(await text(two, "#caption strong"), "unlabeled/006.png");
    await one.close();
    await two.close();
  });

  test("a grid is confirmed but for what is put aside", async () => {
    const tab = await open();
    await tab.select("#views select", "a");
    assert.equal(await tab.$$eval(".tile", (all) => all.length), 3); // 006, 008, 010
    await (await tab.$$(".tile"))[1].click();
    assert.equal(await text(tab, "#classes-title"), "What are these 2 images?");
    await shot(tab, "grid");
    await press(tab, "a", "2 images: a, saved. 8 of 12");
    assert.equal(await text(tab, "#caption strong"), "unlabeled/007.png"); // the grid is empty
    for (const [count, key] of [[9, "b"], [10, "b"], [11, "b"], [12, "b"]]) await press(tab, key, `b, saved. ${count} of 12`);
    assert.match(await text(tab, "#end"), /All are labelled.*python -m tools.train/);
    await tab.close();
  });

  test("a class that another tab adds is offered, and a server that answers again is no trouble", async () => {
    const [one, two] = [await open(), await open()];
    await one.bringToFront();
    await one.type("#name", "d 1");
    await one.keyboard.press("Enter");
    await two.bringToFront();
    await holds(two, () => [...document.querySelectorAll("#classes button")].some((button) => button.textContent.endsWith("d 1")));
    await two.evaluate(() => {
      window.answering = window.fetch;
      window.fetch = () => Promise.reject(new Error("nobody is there"));
    });
    await holds(two, () => document.getElementById("trouble").textContent.startsWith("The server does not answer"));
    await two.evaluate(() => (window.fetch = window.answering));
    await holds(two, () => document.getElementById("trouble").hidden);
    await one.close();
    await two.close();
  });

  test("nothing is wider than a phone, and both schemes can be read", async () => {
    const tab = await open();
    await press(tab, "Backspace", "Undone. 11 of 12");
    await resize(tab, { width: 390, height: 800 });
    const wide = await tab.evaluate("document.documentElement.scrollWidth");
    assert.ok(wide <= 390, String(wide));
    await shot(tab, "phone");
    await tab.close();
  });

  async function shot(tab, name) {
    if (!SHOTS) return;
    mkdirSync(SHOTS, { recursive: true });
    await tab.screenshot({ path: `${SHOTS}/${kind}-label-${name}.png`, fullPage: true });
  }
}
