// Keys of classes: a class called by one letter or digit has that very key.

const KEYS = [..."1234567890abcdefghijklmnopqrstuvwxyz"];

/**
 * The key of each class; "" for those beyond the keys there are.
 *
 * @param {readonly string[]} classes
 * @returns {string[]}
 */
export function keysOf(classes) {
  const free = new Set(KEYS);
  const own = classes.map((name) => {
    const key = name.toLowerCase();
    return free.delete(key) ? key : "";
  });
  const others = [...free];
  return own.map((key) => key || (others.shift() ?? ""));
}
