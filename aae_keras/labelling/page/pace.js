// How long the rest will take, by how long answers took so far.

// An answer that took longer was a pause.
const PAUSE = 60;
const LEAST = 3;
const LAST = 30;

/**
 * @param {readonly number[]} seconds that each answer took, in order
 * @param {number} left images without an answer
 * @returns {string} "about 3 more minutes"; "" as long as nobody can know
 */
export function remaining(seconds, left) {
  const worked = seconds.filter((one) => one <= PAUSE).slice(-LAST).sort((a, b) => a - b);
  if (!left || worked.length < LEAST) return "";
  const minutes = (worked[Math.floor(worked.length / 2)] * left) / 60;
  if (minutes < 1) return "less than a minute more";
  if (minutes < 90) return `about ${count(Math.round(minutes), "more minute")}`;
  return `about ${count(Math.round(minutes / 60), "more hour")}`;
}

/** @param {number} number @param {string} noun */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
