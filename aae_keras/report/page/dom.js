// Elements made by name. Text is always text: nothing here, or elsewhere, reads markup.

/** @typedef {string | Node} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | ((event: any) => void)>} [attributes] a
 *   function is a listener of the event by that name; false leaves an attribute out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  dress(made, attributes);
  made.append(...children);
  return made;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | ((event: any) => void)>} [attributes]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  dress(made, attributes);
  made.append(...children);
  return made;
}

/**
 * @param {Element} made
 * @param {Record<string, string | number | boolean | ((event: any) => void)>} attributes
 */
function dress(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, String(value));
  }
}

/**
 * A labelled choice of one of several.
 *
 * @param {string} label
 * @param {[string, string][]} options pairs of a value and what it is called
 * @param {(value: string) => void} changed
 */
export function choice(label, options, changed) {
  const select = element(
    "select",
    { change: () => changed(select.value) },
    ...options.map(([value, name]) => element("option", { value }, name)),
  );
  return { label: element("label", { class: "choice" }, label, select), select };
}

/**
 * A part of the page by its id, which the page's own file has.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no part ${id}.`);
  return found;
}

/** @param {string} text for a screen reader to say */
export function say(text) {
  part("said").textContent = text;
}

/**
 * Draw on a canvas at the screen's own resolution, now and whenever its size changes.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {(context: CanvasRenderingContext2D, width: number, height: number) => void} draw in CSS
 *   pixels
 * @returns {() => void} draws it again
 */
export function drawn(canvas, draw) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser cannot draw.");
  const again = () => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width, height);
  };
  new ResizeObserver(again).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  return again;
}

/** @param {string} name of a colour of the style sheet, such as `--ink` */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Let a pointer drag on an element: press, move, let go.
 *
 * @param {HTMLElement} target
 * @param {(x: number, y: number, isFirst: boolean) => void} moved in pixels from its corner
 */
export function dragged(target, moved) {
  /** @param {PointerEvent} event @param {boolean} isFirst */
  const pass = (event, isFirst) => {
    const box = target.getBoundingClientRect();
    moved(event.clientX - box.left, event.clientY - box.top, isFirst);
  };
  target.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    target.focus();
    target.setPointerCapture(event.pointerId);
    pass(event, true);
  });
  target.addEventListener("pointermove", (event) => {
    if (target.hasPointerCapture(event.pointerId)) pass(event, false);
  });
}
