// The page in real browsers, used as a person would. tests/report/test_browser.py writes the pages.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { holds, KINDS, lacking, launch, resize } from "./browsers.mjs";

const PAGES = process.env.AAE_REPORT_PAGES && JSON.parse(process.env.AAE_REPORT_PAGES);
// Where screenshots go, for who wants to look at them.
const SHOTS = process.env.AAE_REPORT_SHOTS;

for (const kind of KINDS) {
  describe(kind, { skip: (!PAGES && "no pages were written") || lacking(kind) }, () => useIt(kind));
}

/** Each test opens a page of its own; what it asks of the network, or complains of, is counted. */
function useIt(kind) {
  let browser;
  let complaints = [];

  before(async () => {
    browser = await launch(kind);
  });
  after(() => browser?.close());

  async function open(name, { width = 1240, height = 900 } = {}) {
    const tab = await browser.newPage();
    complaints = [];
    tab.on("pageerror", (error) => complaints.push(error.message));
    tab.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    tab.on("dialog", (dialog) => complaints.push(`dialog ${dialog.message()}`));
    tab.on("request", (request) => {
      if (!/^(data|file|blob|about):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
    });
    await resize(tab, { width, height });
    await tab.goto(`file://${PAGES[name]}`);
    await holds(tab, "document.documentElement.dataset.ready");
    return tab;
  }

  async function close(tab, name) {
    if (SHOTS && name) {
      mkdirSync(SHOTS, { recursive: true });
      await tab.screenshot({ path: `${SHOTS}/${kind}-${name}.png`, fullPage: true });
    }
    await tab.close();
    assert.deepEqual(complaints, []);
  }

  const text = (tab, selector) => tab.$eval(selector, (found) => found.textContent);
  const count = (tab, selector) => tab.$$eval(selector, (found) => found.length);

  test("every page opens without a complaint and asks the network for nothing", async () => {
    for (const name of Object.keys(PAGES)) {
      const tab = await open(name);
      assert.equal(await text(tab, "h1"), name);
      const ready = await tab.evaluate("document.documentElement.dataset.ready");
      console.log(`# ${kind} ${name}: ready after ${ready} ms`);
      // Nothing is wider than the screen, on a phone either.
      await resize(tab, { width: 390, height: 800 });
      const wide = await tab.evaluate("document.documentElement.scrollWidth");
      assert.ok(wide <= 390, `${name} is ${wide} wide`);
      await close(tab, name);
    }
  });

  test("hover shows an image, a click all about it, keys the next one", async () => {
    const tab = await open("labelled");
    const map = await tab.$(".map-canvas");
    await map.scrollIntoView();
    await map.focus();
    await tab.keyboard.press("ArrowRight");
    assert.match(await text(tab, "#said"), /^image \d+, label .*, predicted .* sure/);
    const said = await text(tab, "#said");
    assert.equal(await tab.$eval(".hover", (card) => card.hidden), false);
    assert.equal(await text(tab, ".hover p"), said);
    await tab.keyboard.press("Enter");
    assert.equal(await tab.$eval("#detail", (dialog) => dialog.open), true);
    assert.equal(await text(tab, "#detail h2"), `Image ${said.match(/\d+/)[0]}`);
    assert.equal(await count(tab, "#detail .pair canvas"), 2);
    assert.equal(await count(tab, "#detail .thumbs button"), 5);
    const heading = await text(tab, "#detail h2");
    await tab.keyboard.press("Escape");
    assert.equal(await tab.$eval("#detail", (dialog) => dialog.open), false);
    // The map's next arrow goes on from here, and a neighbour's heading is where the keys are.
    await tab.keyboard.press("Enter");
    assert.equal(await text(tab, "#detail h2"), heading);
    await tab.click("#detail .thumbs button");
    assert.notEqual(await text(tab, "#detail h2"), heading);
    assert.equal(await tab.evaluate("document.activeElement.id"), "detail-title");
    await tab.keyboard.press("Escape");
    // The pointer over the point that the keys have found.
    const card = await tab.$eval(".hover", ({ style }) => [parseFloat(style.left), parseFloat(style.top)]);
    const box = await map.boundingBox();
    await tab.mouse.move(box.x + 2, box.y + 2);
    await tab.mouse.move(box.x + card[0], box.y + card[1]);
    await holds(tab, "!document.querySelector('.hover').hidden");
    await tab.mouse.click(box.x + card[0], box.y + card[1]);
    assert.equal(await tab.$eval("#detail", (dialog) => dialog.open), true);
    await close(tab);
  });

  test("zoom, colours, and classes turned off change the map", async () => {
    const tab = await open("labelled");
    const drawn = () => tab.$eval(".map-canvas", (canvas) => canvas.toDataURL());
    const first = await drawn();
    await tab.click("button[aria-label='Zoom in']");
    const zoomed = await drawn();
    assert.notEqual(zoomed, first);
    const touch = () => tab.$eval(".map-canvas", (canvas) => getComputedStyle(canvas).touchAction);
    assert.equal(await touch(), "none"); // a finger moves the map
    await tab.click("button[aria-label='Show all']");
    assert.equal(await drawn(), first);
    assert.equal(await touch(), "pan-y"); // and here the page
    await tab.click(".map-legend fieldset input");
    assert.notEqual(await drawn(), first);
    await tab.click("button[aria-label='Show every group']");
    assert.equal(await drawn(), first);
    for (const value of await tab.$$eval("#map-body select:last-of-type option", (all) => all.map((o) => o.value))) {
      const selects = await tab.$$("#map-body select");
      await selects[selects.length - 1].select(value);
    }
    assert.match(await text(tab, ".scale-bar"), /\d/);
    await close(tab);
  });

  test("a number of the confusion matrix shows its images", async () => {
    const tab = await open("labelled");
    const cell = await tab.$(".matrix td button");
    const number = Number(await cell.evaluate((button) => button.textContent));
    await cell.click();
    // So many are on the first page.
    assert.equal(await count(tab, "#look-body .thumbs > button"), Math.min(number, 48));
    assert.match(await text(tab, "#look-body .aid"), new RegExp(` ${number} images\\.$`));
    await close(tab);
  });

  test("style is dragged, moved by keys and by sliders, and the image follows", async () => {
    const tab = await open("labelled");
    const drawn = () => tab.$eval("#draw-body canvas.large", (canvas) => canvas.toDataURL());
    const plane = await tab.$(".plane");
    await plane.scrollIntoView();
    const box = await plane.boundingBox();
    const seen = [await drawn()];
    await tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await tab.mouse.down();
    await tab.mouse.move(box.x + box.width * 0.9, box.y + box.height * 0.2, { steps: 4 });
    await tab.mouse.up();
    seen.push(await drawn());
    await tab.keyboard.press("ArrowLeft");
    seen.push(await drawn());
    await tab.select("#draw-body select", "1");
    seen.push(await drawn());
    await tab.$eval("#draw-body .sliders input", (slider) => {
      slider.value = slider.min;
      slider.dispatchEvent(new Event("input"));
    });
    seen.push(await drawn());
    assert.equal(new Set(seen).size, seen.length);
    console.log(`# ${kind} labelled: ${await text(tab, "#draw-body .panel > p.small")}`);
    await close(tab);
  });

  test("a blend goes from one image's reconstruction to the other's", async () => {
    const tab = await open("labelled");
    const drawn = () => tab.$eval("#draw-body .blend canvas.large", (canvas) => canvas.toDataURL());
    const to = (value) =>
      tab.$eval("#draw-body .wide input", (slider, value) => {
        slider.value = value;
        slider.dispatchEvent(new Event("input"));
      }, value);
    await to(0);
    const first = await drawn();
    await to(100);
    assert.notEqual(await drawn(), first);
    assert.equal(await count(tab, "#draw-body .strip canvas"), 7);
    await close(tab);
  });

  test("a sketch is classified, drawn with the pointer or with keys, and cleared", async () => {
    const tab = await open("labelled");
    const board = await tab.$(".board");
    await board.scrollIntoView();
    const box = await board.boundingBox();
    assert.equal(await text(tab, ".answer .value"), "Draw something.");
    await tab.mouse.move(box.x + 60, box.y + 40);
    await tab.mouse.down();
    await tab.mouse.move(box.x + 60, box.y + 150, { steps: 5 });
    await tab.mouse.up();
    assert.notEqual(await text(tab, ".answer .value"), "Draw something.");
    assert.equal(await count(tab, ".answer li"), 3);
    await tab.keyboard.press("Escape");
    assert.equal(await text(tab, ".answer .value"), "Draw something.");
    for (const key of [" ", "ArrowDown", "ArrowDown", "ArrowDown", " "]) await tab.keyboard.press(key);
    assert.notEqual(await text(tab, ".answer .value"), "Draw something.");
    await close(tab);
  });

  test("names are text, whatever is in them", async () => {
    const tab = await open("hostile");
    assert.equal(await count(tab, "script"), 3);
    assert.equal(await count(tab, "img"), 0);
    const names = await tab.$$eval("#kinds-body h3", (titles) => titles.map((title) => title.textContent));
    assert.ok(names.includes("<script>alert(1)</script>") && names.includes('"'), names.join());
    await close(tab);
  });

  test("what a setting has not is said, not shown", async () => {
    const tab = await open("unlabelled");
    assert.match(await text(tab, "#sketch-body"), /finds no label|for grey images/);
    assert.match(await text(tab, "#kinds-body"), /no classes and no clusters/);
    assert.match(await text(tab, "#headline-body"), /have no labels/);
    assert.equal(await count(tab, ".matrix"), 0);
    await close(tab);
  });

  test("with 5000 classes lists are cut, and the rest is one press away", async () => {
    const tab = await open("many");
    assert.equal(await count(tab, "#kinds-body .kind"), 30);
    assert.equal(await count(tab, ".matrix tbody tr"), 24);
    await tab.evaluate(() => [...document.querySelectorAll("#kinds-body > button")].at(-1).click());
    assert.equal(await count(tab, "#kinds-body .kind"), 60);
    await close(tab);
  });

  test("logits and labels are those of Keras", async () => {
    const tab = await open("labelled");
    const expected = JSON.parse(readFileSync(PAGES.labelled.replace(/html$/, "json"), "utf8"));
    const found = await tab.evaluate(async () => {
      const { Network } = await import("page/network.js");
      const { Pictures } = await import("page/pictures.js");
      const report = JSON.parse(document.getElementById("report").textContent);
      const encoder = await Network.open(report.networks.encoder);
      const pictures = await Pictures.open(report.images.sprite);
      return Array.from({ length: report.images.sprite.count }, (_, image) => {
        const canvas = pictures.show(image);
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const grey = Array.from({ length: data.length / 4 }, (_, pixel) => data[4 * pixel] / 255);
        return Array.from(encoder.run({ image: grey }));
      });
    });
    assert.equal(found.length, expected.y_logits.length);
    found.forEach((logits, image) => {
      const exact = expected.y_logits[image];
      const most = (values) => values.indexOf(Math.max(...values));
      assert.equal(most(logits), most(exact));
      const largest = Math.max(...logits.map((value, place) => Math.abs(value - exact[place])));
      assert.ok(largest < expected.atol, String(largest));
    });
    await close(tab);
  });
}
