// What the page asks of its server, which is the only place that it may ask.

/**
 * @typedef {{image: string, predicted: string, confidence: number | null, why: string}} Question
 * @typedef {{seen: number, changes: [number, string][], classes: string[]}} News
 * @typedef {News & {questions: Question[], dataset: string, labels: string, command: string}} Session
 */

/** What the server says of a request that it does not take. */
export class Refused extends Error {}

/** @returns {Promise<Session>} */
export async function session() {
  return (await asked("session")).json();
}

/**
 * @param {number} seen
 * @returns {Promise<News>}
 */
export async function changes(seen) {
  return (await asked(`changes?seen=${seen}`)).json();
}

/**
 * @param {"answer" | "undo" | "classes"} what
 * @param {Record<string, unknown>} values
 * @returns {Promise<News>}
 */
export async function post(what, values) {
  const headers = { "Content-Type": "application/json" };
  return (await asked(what, { method: "POST", headers, body: JSON.stringify(values) })).json();
}

/**
 * Why an image is not shown.
 *
 * @param {number} number
 */
export async function reason(number) {
  try {
    await asked(`image/${number}`);
    return "This browser cannot show the image.";
  } catch (error) {
    return error instanceof Refused ? error.message : "The server does not answer.";
  }
}

/** @param {string} path @param {RequestInit} [options] */
async function asked(path, options) {
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Refused(await answer.text());
  return answer;
}
