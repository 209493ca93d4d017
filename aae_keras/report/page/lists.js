// Which images to look at, and in which order; and who is taken for whom.

/** @typedef {import("./data.js").Data} Data */
/** @typedef {{value: string, name: string, images: (data: Data) => number[]}} List */

/**
 * The lists that a report has something for.
 *
 * @param {Data} data
 * @returns {List[]}
 */
export function listsOf(data) {
  /** @type {[boolean, List][]} */
  const lists = [
    [someWrong(data), { value: "wrong", name: "wrong and sure", images: wrongAndSure }],
    [data.confidence !== null, { value: "unsure", name: "least sure", images: leastSure }],
    [data.novelty !== null, { value: "novel", name: "most novel", images: mostNovel }],
    [
      data.suspects.length > 0,
      { value: "suspect", name: "likely label errors", images: (data) => Array.from(data.suspects) },
    ],
    [true, { value: "all", name: "all", images: all }],
  ];
  return lists.filter(([isThere]) => isThere).map(([, list]) => list);
}

/** @param {Data} data */
function someWrong(data) {
  return data.right !== null && data.right.some((right) => right === 0);
}

/** @param {Data} data */
export function all(data) {
  return Array.from({ length: data.count }, (_, image) => image);
}

/** @param {Data} data */
function wrongAndSure(data) {
  const { confidence, right } = data;
  if (!confidence || !right) return [];
  return ordered(all(data).filter((image) => right[image] === 0), (image) => -confidence[image]);
}

/** @param {Data} data */
function leastSure(data) {
  const { confidence } = data;
  return confidence ? ordered(all(data), (image) => confidence[image]) : [];
}

/** @param {Data} data */
function mostNovel(data) {
  const { novelty } = data;
  if (!novelty) return [];
  return ordered(all(data).filter((image) => !Number.isNaN(novelty[image])), (image) => -novelty[image]);
}

/** @param {number[]} images @param {(image: number) => number} key the least first */
function ordered(images, key) {
  return images.sort((a, b) => key(a) - key(b) || a - b);
}

/**
 * How many images of each class get each answer: rows are classes, columns values of y.
 *
 * @param {Data} data
 * @returns {number[][]}
 */
export function confusion(data) {
  const counts = data.classes.map(() => data.names.map(() => 0));
  all(data).forEach((image) => {
    if (data.predicted && data.labels[image] >= 0)
      counts[data.labels[image]][data.predicted[image]] += 1;
  });
  return counts;
}

/**
 * The rows and columns of a confusion matrix that have most off its diagonal, in their order.
 *
 * @param {number[][]} counts
 * @param {(row: number, column: number) => boolean} isRight
 * @param {number} most how many of each
 * @returns {{rows: number[], columns: number[]}}
 */
export function busiest(counts, isRight, most) {
  const rowErrors = counts.map(() => 0);
  const columnErrors = (counts[0] ?? []).map(() => 0);
  counts.forEach((row, r) =>
    row.forEach((count, c) => {
      // A right answer counts a little, so that what is used stands before what is not.
      const weight = isRight(r, c) ? count * 1e-6 : count;
      rowErrors[r] += weight;
      columnErrors[c] += weight;
    }),
  );
  return { rows: largest(rowErrors, most), columns: largest(columnErrors, most) };
}

/** @param {number[]} values @param {number} most */
function largest(values, most) {
  const ranks = values.map((_, rank) => rank).sort((a, b) => values[b] - values[a] || a - b);
  return ranks.slice(0, most).sort((a, b) => a - b);
}
