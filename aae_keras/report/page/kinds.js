// What each class, or each cluster, looks like.

import { percent } from "./data.js";
import { element } from "./dom.js";
import { all } from "./lists.js";
import { thumb } from "./look.js";

/** @typedef {import("./data.js").Data} Data */
/** @typedef {import("./pictures.js").Pictures} Pictures */

const PER_PAGE = 30;

/**
 * @param {HTMLElement} body
 * @param {Data} data
 * @param {Pictures} pictures
 * @param {Pictures | null} modes
 * @param {(image: number) => void} open
 */
export function showKinds(body, data, pictures, modes, open) {
  const names = data.names.length ? data.names : data.classes;
  if (!names.length) {
    body.append(element("p", { class: "note" }, "There are no classes and no clusters to show."));
    return;
  }
  const grid = element("div", { class: "kinds" });
  const more = element("button", { type: "button", click: () => show(PER_PAGE) }, "More");
  const members = groups(data, names.length);
  let shown = 0;

  /** @param {number} count */
  function show(count) {
    names.slice(shown, shown + count).forEach((name, place) => {
      const rank = shown + place;
      grid.append(kind(name, rank, members[rank], data, pictures, modes, open));
    });
    shown += count;
    more.hidden = shown >= names.length;
  }

  body.append(element("p", { class: "aid" }, aid(data, modes)), grid, more);
  show(PER_PAGE);
}

/** @param {Data} data @param {Pictures | null} modes */
function aid(data, modes) {
  const drawn = modes ? "Large: the typical image, as the decoder draws it. " : "";
  const small = data.predicted
    ? "Small: the held-out images that the model is surest of."
    : "Small: the held-out images whose code is nearest to the mean code of the class.";
  return drawn + small;
}

/**
 * The images of each value of y, or of each class without y.
 *
 * @param {Data} data
 * @param {number} count
 * @returns {number[][]}
 */
function groups(data, count) {
  /** @type {number[][]} */
  const members = Array.from({ length: count }, () => []);
  const group = data.predicted ?? data.labels;
  for (const image of all(data)) members[group[image]]?.push(image);
  return members;
}

/**
 * @param {string} name
 * @param {number} rank
 * @param {number[]} members
 * @param {Data} data
 * @param {Pictures} pictures
 * @param {Pictures | null} modes
 * @param {(image: number) => void} open
 */
function kind(name, rank, members, data, pictures, modes, open) {
  const width = data.report.categories.typical.shape[1];
  const typical = Array.from(data.typical.slice(rank * width, (rank + 1) * width)).filter((image) => image >= 0);
  const large = modes ? [modes.show(rank, `typical ${name}`)] : [];
  return element(
    "article",
    { class: "kind" },
    element("h3", {}, name),
    element("div", { class: "mode" }, ...large, element("p", { class: "small" }, contents(members, data))),
    element("div", { class: "thumbs tiny" }, ...typical.map((image) => thumb(image, data, pictures, open))),
  );
}

/** @param {number[]} members @param {Data} data */
function contents(members, data) {
  const said = `${members.length} held-out images`;
  if (data.kind !== "cluster" || !data.hasLabels || !members.length) return said;
  const counts = data.classes.map((name, label) => ({
    name,
    count: members.filter((image) => data.labels[image] === label).length,
  }));
  const most = counts.filter(({ count }) => count).sort((a, b) => b.count - a.count).slice(0, 3);
  return `${said}: ${most.map(({ name, count }) => `${percent(count / members.length)} ${name}`).join(", ")}`;
}
