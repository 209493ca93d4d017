// Draw: any label in any style, and what lies between two images, by the run's own decoder.

import { oneHot } from "./data.js";
import { choice, element } from "./dom.js";
import { between } from "./painter.js";
import { paint, pixelCanvas } from "./pictures.js";
import { Plane, rangeOf } from "./plane.js";

/** @typedef {import("./data.js").Data} Data */
/** @typedef {import("./pictures.js").Pictures} Pictures */
/** @typedef {import("./painter.js").Painter} Painter */
/** @typedef {import("./detail.js").Detail} Detail */

const MOST_SLIDERS = 32;
const BLEND_STEPS = 7;

/**
 * @param {HTMLElement} body
 * @param {Data} data
 * @param {Pictures} pictures
 * @param {Painter} painter
 * @param {Detail} detail
 */
export function showDraw(body, data, pictures, painter, detail) {
  body.append(
    element("div", { class: "panels" }, styled(data, painter, detail), blended(data, pictures, painter, detail)),
    element("p", { class: "aid" }, data.report.networks.decoder_note),
  );
}

/**
 * A label in a style.
 *
 * @param {Data} data
 * @param {Painter} painter
 * @param {Detail} detail
 */
function styled(data, painter, detail) {
  const z = new Float32Array(data.latentDim);
  let label = 0;
  const canvas = pixelCanvas(painter.width, painter.height, "what is drawn");
  canvas.classList.add("large");
  const time = element("p", { class: "small", "aria-live": "off" });
  const plane = new Plane(data, (across, up) => {
    z[plane.axes[1]] = up;
    z[plane.axes[0]] = across;
    draw();
  });
  const sliders = styleSliders(data, z, () => draw());

  function draw() {
    paint(canvas, painter.paint({ y: painter.needsY ? oneHot(label, data.names.length) : null, z }));
    time.textContent = `Drawn in ${painter.milliseconds.toFixed(1)} ms.`;
    plane.show(z);
    sliders.show();
  }

  /** @param {ArrayLike<number>} style */
  function use(style) {
    z.set(Array.from(style));
    draw();
  }

  const labels = choice(
    "label",
    data.names.map((name, rank) => [String(rank), name]),
    (value) => {
      label = Number(value);
      draw();
    },
  );
  detail.uses.push({
    name: "Draw in its style",
    take: (image) => {
      use(data.zOf(image));
      canvas.scrollIntoView({ block: "center" });
    },
  });
  draw();
  return element(
    "div",
    { class: "panel" },
    element("h3", {}, painter.needsY ? "A label in a style" : "A code"),
    element("div", { class: "controls" }, ...(painter.needsY ? [labels.label] : []), ...axisChoices(data, plane, z), ...styleButtons(data, use)),
    element("div", { class: "pair" }, plane.canvas, canvas),
    time,
    sliders.element,
  );
}

/** @param {Data} data @param {Plane} plane @param {Float32Array} z */
function axisChoices(data, plane, z) {
  if (data.latentDim <= 2) return [];
  const options = Array.from(z, (_, axis) => /** @type {[string, string]} */ ([String(axis), `z${axis}`]));
  const turn = () => {
    plane.turn(Number(across.select.value), Number(up.select.value));
    plane.show(z);
  };
  const across = choice("across", options, turn);
  const up = choice("up", options, turn);
  up.select.value = "1";
  return [across.label, up.label];
}

/** @param {Data} data @param {(style: ArrayLike<number>) => void} use */
function styleButtons(data, use) {
  const { latentDim } = data;
  const prior = data.prior ?? data.z;
  const random = () => {
    const row = Math.floor(Math.random() * (prior.length / latentDim)) * latentDim;
    use(prior.slice(row, row + latentDim));
  };
  return [
    element("button", { type: "button", click: random }, "A style of the prior"),
    element("button", { type: "button", click: () => use(new Float32Array(latentDim)) }, "The middle"),
  ];
}

/**
 * A slider for each dimension of the style.
 *
 * @param {Data} data
 * @param {Float32Array} z
 * @param {() => void} moved
 */
function styleSliders(data, z, moved) {
  const stddev = data.report.codes?.stddev ?? null;
  const sliders = Array.from(z.slice(0, MOST_SLIDERS), (_, axis) => {
    const [min, max] = rangeOf(data, axis, stddev);
    const slider = element("input", {
      type: "range",
      min,
      max,
      step: (max - min) / 200,
      input: () => {
        z[axis] = Number(slider.value);
        moved();
      },
    });
    return { slider, label: element("label", {}, `z${axis} `, slider) };
  });
  return {
    show: () => sliders.forEach(({ slider }, axis) => (slider.value = String(z[axis]))),
    element: element(
      "details",
      {},
      element("summary", {}, "Every dimension of the style"),
      element("div", { class: "sliders" }, ...sliders.map(({ label }) => label)),
    ),
  };
}

/**
 * What lies between two images.
 *
 * @param {Data} data
 * @param {Pictures} pictures
 * @param {Painter} painter
 * @param {Detail} detail
 */
function blended(data, pictures, painter, detail) {
  const ends = firstPair(data);
  const canvas = pixelCanvas(painter.width, painter.height, "what lies between");
  canvas.classList.add("large");
  const strip = element("div", { class: "strip", "aria-hidden": "true" });
  const sides = ends.map(() => element("div", { class: "side" }));
  const share = element("input", { type: "range", min: 0, max: 100, value: 50, input: draw });

  /** @param {number} image */
  const code = (image) => ({ y: data.yOf(image), z: Float32Array.from(data.zOf(image)) });

  function draw() {
    paint(canvas, painter.paint(between(code(ends[0]), code(ends[1]), Number(share.value) / 100)));
  }

  function change() {
    sides.forEach((side, place) =>
      side.replaceChildren(pictures.show(ends[place], data.describe(ends[place])), element("span", { class: "small" }, `image ${data.called[ends[place]]}`)),
    );
    strip.replaceChildren(
      ...Array.from({ length: BLEND_STEPS }, (_, step) => {
        const small = pixelCanvas(painter.width, painter.height);
        paint(small, painter.paint(between(code(ends[0]), code(ends[1]), step / (BLEND_STEPS - 1))));
        return small;
      }),
    );
    draw();
  }

  const usable = (/** @type {number} */ image) => !painter.needsY || data.yOf(image) !== null;
  ["Blend from this", "Blend to this"].forEach((name, place) =>
    detail.uses.push({
      name,
      take: (image) => {
        if (!usable(image)) return;
        ends[place] = image;
        change();
        canvas.scrollIntoView({ block: "center" });
      },
    }),
  );
  const others = element(
    "button",
    {
      type: "button",
      click: () => {
        const among = Array.from({ length: data.count }, (_, image) => image).filter(usable);
        ends.forEach((_, place) => (ends[place] = among[Math.floor(Math.random() * among.length)]));
        change();
      },
    },
    "Two others",
  );
  if (!ends.every(usable)) return element("p", { class: "note" }, "Blending takes images with a label.");
  change();
  return element(
    "div",
    { class: "panel" },
    element("h3", {}, "Between two images"),
    element("div", { class: "controls" }, others, element("span", { class: "small" }, "or open an image and choose it there")),
    element("div", { class: "blend" }, sides[0], canvas, sides[1]),
    element("label", { class: "wide" }, "from the first to the second ", share),
    strip,
  );
}

/**
 * Two images, of different classes or clusters where there are such.
 *
 * @param {Data} data
 */
function firstPair(data) {
  const group = data.predicted ?? data.labels;
  const known = Array.from({ length: data.count }, (_, image) => image).filter((image) => group[image] >= 0);
  const first = known[0] ?? 0;
  const second = known.find((image) => group[image] !== group[first]) ?? Math.min(1, data.count - 1);
  return [first, second];
}
