// The page: asks what an image shows, one by one or as a grid, and has each answer kept.

import { choice, element, part, say } from "../../report/page/dom.js";
import * as asking from "./asking.js";
import { keysOf } from "./keys.js";
import { count, remaining } from "./pace.js";
import { crisp, Tiles } from "./tiles.js";

const EVERY = 2000; // milliseconds between two looks at what other pages have answered
const MANY = 20; // classes from which on one looks for a name
const ALL = "";

/** What is asked, what has been answered, and what is shown of it. */
class Page {
  /** @param {asking.Session} session */
  constructor(session) {
    this.session = session;
    this.questions = session.questions;
    this.classes = session.classes;
    this.seen = 0;
    /** @type {Map<number, string>} */
    this.labels = new Map();
    this.queue = this.questions.map((_, number) => number);
    /** What undo takes back, the last first. @type {number[][]} */
    this.history = [];
    /** Seconds of each answer. @type {number[]} */
    this.pace = [];
    this.since = performance.now();
    this.busy = false;
    this.group = ALL;
    this.current = -1;
    this.tiles = new Tiles(part("tiles"), this.questions, () => this.showClasses());
    this.apply(session);
    const changed = session.changes.map(([number]) => number);
    const last = changed.filter((number, place) => changed.lastIndexOf(number) === place);
    this.history = last.filter((number) => this.labels.has(number)).map((number) => [number]);
  }

  /** The questions without an answer, in the order in which they come. */
  open() {
    return this.queue.filter((number) => !this.labels.has(number));
  }

  /** The questions that an answer would be for. */
  asked() {
    if (this.group !== ALL) return this.tiles.chosen();
    return this.current < 0 ? [] : [this.current];
  }

  /** @param {asking.News} news @param {readonly number[]} mine questions that this page has changed */
  apply(news, mine = []) {
    this.seen = news.seen;
    const others = news.changes.filter(([number]) => !mine.includes(number));
    for (const [number, label] of news.changes) {
      if (label) this.labels.set(number, label);
      else this.labels.delete(number);
    }
    for (const [number, label] of others) this.tiles.taken(number, label);
    if (news.classes.length !== this.classes.length) {
      this.classes = news.classes;
      this.showClasses();
    }
    return others;
  }

  /**
   * Have the server do something, once at a time.
   *
   * @param {"answer" | "undo" | "classes"} what
   * @param {Record<string, unknown>} values
   * @param {number[]} [mine] the questions that it changes
   * @returns {Promise<boolean>} whether it has
   */
  async act(what, values, mine = []) {
    if (this.busy) return false;
    this.busy = true;
    try {
      this.apply(await asking.post(what, { seen: this.seen, ...values }), mine);
      trouble("");
      return true;
    } catch (error) {
      trouble(error instanceof asking.Refused ? error.message : "The server does not answer, so this may not be saved. Start the command again if it has ended, and load this page anew: it shows what is.");
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** @param {string} label */
  async answer(label) {
    const numbers = this.asked();
    // Until the next image is there the one before is on the screen.
    if (this.group === ALL && part("image").hidden) return;
    if (!numbers.length || !(await this.act("answer", { numbers, label }, numbers))) return;
    const took = (performance.now() - this.since) / 1000 / numbers.length;
    this.pace.push(...numbers.map(() => took));
    this.history.push(numbers);
    this.show(`${numbers.length === 1 ? "" : `${numbers.length} images: `}${label}, saved. ${this.progress()}`);
  }

  async undo() {
    // Another page may have taken an answer back.
    const groups = this.history.map((numbers) => numbers.filter((number) => this.labels.has(number)));
    this.history = groups.filter((numbers) => numbers.length);
    const numbers = this.history.at(-1);
    if (!numbers || !(await this.act("undo", { numbers }, numbers))) return;
    this.history.pop();
    this.queue = [...numbers, ...this.queue.filter((number) => !numbers.includes(number))];
    this.show(`Undone. ${this.progress()}`);
  }

  skip() {
    if (this.group !== ALL || this.current < 0) return;
    this.queue = [...this.queue.filter((number) => number !== this.current), this.current];
    this.show("Skipped; it comes again at the end.");
  }

  /** @param {string} name */
  async add(name) {
    if (!(await this.act("classes", { name }))) return false;
    this.showClasses();
    say(`${name} is a class now.`);
    return true;
  }

  progress() {
    const all = this.questions.length;
    const rest = remaining(this.pace, this.open().length);
    return `${all - this.open().length} of ${all}${rest && "; "}${rest}`;
  }

  /** @param {string} [said] for a screen reader */
  show(said) {
    this.since = performance.now();
    const open = this.open();
    this.showViews(open);
    const members = open.filter((number) => this.questions[number].predicted === this.group);
    if (this.group !== ALL && !this.tiles.show(members)) {
      this.group = ALL;
      this.showViews(open);
      said = `${said ?? ""} No more images here: one by one again.`;
    }
    this.current = this.group === ALL ? (open[0] ?? -1) : -1;
    part("shown").hidden = this.current < 0;
    part("tiles").hidden = this.group === ALL;
    part("end").hidden = open.length > 0;
    if (this.group !== ALL) part("tiles").focus({ preventScroll: true });
    if (this.current >= 0) this.showImage(this.current, open[1]);
    if (!open.length) this.showEnd();
    this.showClasses();
    this.showProgress();
    if (said !== undefined) say(said);
  }

  showProgress() {
    const bar = /** @type {HTMLProgressElement} */ (part("bar"));
    bar.max = Math.max(this.questions.length, 1);
    bar.value = this.questions.length - this.open().length;
    part("progress").textContent = this.progress();
  }

  /** @param {number} number @param {number | undefined} next */
  showImage(number, next) {
    const { image, predicted, confidence, why } = this.questions[number];
    const shown = /** @type {HTMLImageElement} */ (part("image"));
    shown.hidden = true;
    shown.src = `image/${number}`;
    shown.alt = image;
    shown.onerror = async () => {
      const reason = await asking.reason(number);
      if (number !== this.current) return; // it was skipped meanwhile
      shown.hidden = false;
      part("caption").textContent = `${reason} Skip it.`;
    };
    const sure = confidence === null ? "" : `, ${Math.round(100 * confidence)} % sure`;
    part("caption").replaceChildren(
      element("strong", {}, image),
      ...(predicted ? [element("span", {}, `predicted: ${predicted}${sure}`)] : []),
      ...(why ? [element("span", { class: "small" }, why)] : []),
    );
    part("shown").focus({ preventScroll: true });
    if (next !== undefined) new Image().src = `image/${next}`;
  }

  showEnd() {
    const { labels, command } = this.session;
    part("end").replaceChildren(
      element("h2", {}, this.questions.length ? "All are labelled." : "There is nothing to label."),
      element("p", {}, `The answers are in ${labels}. End the server with Ctrl-C, then train:`),
      element("pre", {}, element("code", {}, command)),
    );
  }

  /** @param {readonly number[]} open */
  showViews(open) {
    /** @type {Map<string, number>} */
    const sizes = new Map();
    for (const number of open) {
      const { predicted } = this.questions[number];
      if (predicted && !this.tiles.aside.has(number)) sizes.set(predicted, (sizes.get(predicted) ?? 0) + 1);
    }
    /** @type {[string, string][]} */
    const options = [[ALL, "one by one"], ...[...sizes].map(([name, size]) => /** @type {[string, string]} */ ([name, `all predicted ${name} (${size})`]))];
    if (this.group !== ALL && !sizes.has(this.group)) options.push([this.group, this.group]);
    const { label, select } = choice("Show", options, (group) => {
      this.group = group;
      this.show(group === ALL ? "One by one." : `Images predicted ${group}.`);
    });
    select.value = this.group;
    part("views").hidden = options.length < 2;
    part("views").replaceChildren(label);
  }

  showClasses() {
    const found = find().value.toLowerCase();
    const keys = keysOf(this.classes);
    const predicted = this.group === ALL ? this.questions[this.current]?.predicted : this.group;
    const chosen = this.asked().length;
    part("classes-title").textContent = this.group === ALL ? "What is it?" : `What are these ${count(chosen, "image")}?`;
    part("aid").hidden = this.group === ALL;
    const buttons = this.classes.map((name, rank) =>
      element(
        "button",
        { type: "button", class: name === predicted ? "class predicted" : "class", hidden: !name.toLowerCase().includes(found), disabled: !chosen, click: () => this.answer(name) },
        element("kbd", {}, keys[rank]),
        name,
      ),
    );
    part("classes").replaceChildren(...buttons);
    if (!buttons.length) part("classes").append(element("p", { class: "note" }, "There is no class yet: add one below."));
    part("find-label").hidden = this.classes.length <= MANY;
    part("controls").replaceChildren(
      control("Undo", "Backspace", () => this.undo(), !this.history.length),
      control("Skip", "→", () => this.skip(), this.current < 0),
      ...(this.classes.includes(predicted ?? "") ? [control(`${this.group === ALL ? "It is" : "They are"} ${predicted}`, "Enter", () => this.answer(predicted ?? ""), !chosen)] : []),
    );
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const inField = event.target instanceof HTMLElement && event.target.matches("input, select");
    if (inField || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof HTMLElement && event.target.matches("button, a");
    const label = this.classes[keysOf(this.classes).indexOf(event.key.toLowerCase())];
    const predicted = this.group === ALL ? this.questions[this.current]?.predicted : this.group;
    if (label !== undefined) this.answer(label);
    else if (event.key === "Backspace") this.undo();
    else if (event.key === "ArrowRight") this.skip();
    else if (event.key === "+") part("name").focus();
    else if (event.key === "Enter" && !onButton && predicted && this.classes.includes(predicted)) this.answer(predicted);
    else return;
    event.preventDefault();
  }

  /** What other pages have answered. The image that is shown stays, so that no key hits the next. */
  async look() {
    if (this.busy || document.hidden) return;
    try {
      const news = await asking.changes(this.seen);
      if (this.unheard) trouble("");
      this.unheard = false;
      if (this.busy || news.seen < this.seen) return;
      const others = this.apply(news);
      if (!others.length) return;
      this.showProgress();
      const here = others.find(([number]) => number === this.current);
      say(`Another page has changed ${count(others.length, "answer")}. ${this.progress()}`);
      if (here?.[1]) trouble(`Another page has called this image ${here[1]}. Skip it, or undo there.`);
    } catch {
      this.unheard = true;
      trouble("The server does not answer. All answers are kept; if it has ended, start the command again to go on.");
    }
  }
}

/** @param {string} message "" for none */
function trouble(message) {
  part("trouble").hidden = !message;
  part("trouble").textContent = message;
}

/** @param {string} name @param {string} key @param {() => void} press @param {boolean} disabled */
function control(name, key, press, disabled) {
  return element("button", { type: "button", click: press, disabled }, element("kbd", {}, key), name);
}

function find() {
  return /** @type {HTMLInputElement} */ (part("find"));
}

const session = await asking.session();
const page = new Page(session);
part("about").textContent = `${session.dataset} → ${session.labels}`;
part("image").addEventListener("load", (event) => {
  part("image").hidden = false;
  crisp(event);
});
document.addEventListener("keydown", (event) => page.press(event));
find().addEventListener("input", () => page.showClasses());
part("new").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = /** @type {HTMLInputElement} */ (part("name"));
  if (!(await page.add(name.value.trim()))) return;
  name.value = "";
  part("shown").focus({ preventScroll: true });
});
page.show();
setInterval(() => page.look(), EVERY);
// For who waits for the page.
document.documentElement.dataset.ready = "yes";
