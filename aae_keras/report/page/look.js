// To look at: images in an order that is worth it, and the confusion matrix that chooses among them.

import { percent } from "./data.js";
import { choice, element, say } from "./dom.js";
import { busiest, confusion, listsOf } from "./lists.js";

/** @typedef {import("./data.js").Data} Data */

const PER_PAGE = 48;
const MOST_SIDE = 24;
/** @type {Record<string, string>} */
const AIDS = {
  wrong: "Wrong answers that the model is sure of, the surest first: what it has learned wrongly, or labels that are.",
  unsure: "Images that the model is least sure of: their labels would help most.",
  novel: "Images least like those of training: badly reconstructed, or with a code where the prior has little. About 1 is usual.",
  suspect: "The model is as sure of another class as of that class's own images: look whether the given label is right.",
  all: "All held-out images of this page, in random order.",
};

/**
 * @param {HTMLElement} body
 * @param {Data} data
 * @param {import("./pictures.js").Pictures} pictures
 * @param {(image: number) => void} open
 */
export function showLook(body, data, pictures, open) {
  const lists = listsOf(data);
  let list = lists[0];
  let shown = PER_PAGE;
  const aid = element("p", { class: "aid" });
  const grid = element("div", { class: "thumbs" });
  const more = element("button", { type: "button", click: () => show(shown + PER_PAGE) }, "More");
  const kind = choice(
    "Show",
    lists.map(({ value, name }) => [value, name]),
    (value) => {
      list = lists.find((one) => one.value === value) ?? list;
      show(PER_PAGE);
    },
  );
  const ofClass = filter("label", data.hasLabels ? data.classes : [], () => show(PER_PAGE));
  const answered = filter(data.answers, data.predicted ? data.names : [], () => show(PER_PAGE));
  const controls = [kind.label, ...ofClass.labels, ...answered.labels];

  /** @param {number} count */
  function show(count) {
    shown = count;
    const images = list
      .images(data)
      .filter((image) => ofClass.takes(data.labels[image]))
      .filter((image) => !data.predicted || answered.takes(data.predicted[image]));
    const visible = images.slice(0, shown);
    grid.replaceChildren(...visible.map((image) => thumb(image, data, pictures, open)));
    aid.textContent = `${AIDS[list.value]} ${images.length} images.`;
    more.hidden = visible.length === images.length;
    if (!images.length) grid.append(element("p", { class: "note" }, "There are none."));
  }

  body.append(element("div", { class: "controls" }, ...controls), aid, grid, more);
  if (data.predicted && data.hasLabels)
    body.append(
      ...matrix(data, (row, column) => {
        kind.select.value = "all";
        list = lists[lists.length - 1];
        ofClass.set(row);
        answered.set(column);
        show(PER_PAGE);
        say(`Images of ${data.classes[row]} that are taken for ${data.names[column]}.`);
        body.scrollIntoView({ block: "start" });
      }),
    );
  show(PER_PAGE);
}

/**
 * A choice of one name, or all.
 *
 * @param {string} label
 * @param {readonly string[]} names none: there is nothing to choose, and all are taken
 * @param {() => void} changed
 */
function filter(label, names, changed) {
  /** @type {[string, string][]} */
  const options = [["", "all"], ...names.map((name, rank) => /** @type {[string, string]} */ ([String(rank), name]))];
  const made = choice(label, options, changed);
  return {
    labels: names.length ? [made.label] : [],
    takes: (/** @type {number} */ rank) => made.select.value === "" || Number(made.select.value) === rank,
    set: (/** @type {number} */ rank) => (made.select.value = String(rank)),
  };
}

/**
 * @param {number} image
 * @param {Data} data
 * @param {import("./pictures.js").Pictures} pictures
 * @param {(image: number) => void} open
 */
export function thumb(image, data, pictures, open) {
  const { predicted, confidence, right } = data;
  const words = [];
  if (data.hasLabels) words.push(data.label(image));
  if (predicted) words.push(`→ ${data.prediction(image)}`);
  const lines = [element("span", {}, words.join(" "))];
  if (confidence) lines.push(element("span", { class: "small" }, percent(confidence[image])));
  const wrong = right && right[image] === 0;
  return element(
    "button",
    { type: "button", class: wrong ? "thumb wrong" : "thumb", "aria-label": data.describe(image), title: data.describe(image), click: () => open(image) },
    pictures.show(image),
    ...lines,
  );
}

/** @param {Data} data @param {(row: number, column: number) => void} choose */
function matrix(data, choose) {
  const counts = confusion(data);
  const isRight = (/** @type {number} */ row, /** @type {number} */ column) =>
    data.report.categories.class_of[column] === row;
  const { rows, columns } = busiest(counts, data.names.length, isRight, MOST_SIDE);
  const cut = rows.length < counts.length || columns.length < data.names.length;
  const head = element(
    "tr",
    {},
    element("td", { class: "corner" }, `label ↓ ${data.answers} →`),
    ...columns.map((column) => element("th", { scope: "col" }, element("span", {}, data.names[column]))),
  );
  const lines = rows.map((row) => {
    const total = Array.from(counts[row].values()).reduce((sum, count) => sum + count, 0);
    const cells = columns.map((column) =>
      cell(counts[row].get(column) ?? 0, total, isRight(row, column), () => choose(row, column), `${data.classes[row]} taken for ${data.names[column]}`),
    );
    return element("tr", {}, element("th", { scope: "row" }, data.classes[row]), ...cells);
  });
  return [
    element("h3", {}, data.kind === "cluster" ? "Labels and clusters" : "Who is taken for whom"),
    element(
      "p",
      { class: "aid" },
      "Held-out images by label and answer; outlined: right. A press on a number shows its images above.",
      cut ? ` Of ${counts.length} classes and ${data.names.length} answers, those with most mistakes are shown.` : "",
    ),
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" },
      element("table", { class: "matrix" }, element("thead", {}, head), element("tbody", {}, ...lines)),
    ),
  ];
}

/**
 * @param {number} count
 * @param {number} total of its row
 * @param {boolean} isRight
 * @param {() => void} press
 * @param {string} name
 */
function cell(count, total, isRight, press, name) {
  const made = element("td", { class: isRight ? "right" : "" });
  if (!count) return made;
  const share = count / total;
  made.style.setProperty("--share", `${Math.round(100 * share)}%`);
  made.classList.toggle("strong", share > 0.5);
  made.append(element("button", { type: "button", "aria-label": `${count} of ${name}`, click: press }, String(count)));
  return made;
}
