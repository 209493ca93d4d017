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
 * How many images of each class get each answer: by class, then by value of y. What there is none of
 * is left out, which is nearly all where there are thousands of classes.
 *
 * @param {Data} data
 * @returns {Map<number, number>[]}
 */
export function confusion(data) {
  /** @type {Map<number, number>[]} */
  const counts = data.classes.map(() => new Map());
  all(data).forEach((image) => {
    if (!data.predicted || data.labels[image] < 0) return;
    const row = counts[data.labels[image]];
    row.set(data.predicted[image], (row.get(data.predicted[image]) ?? 0) + 1);
  });
  return counts;
}

/**
 * The rows and columns of a confusion matrix to show where there are too many, in their order: those
 * of the most frequent mistakes, so that these are seen.
 *
 * @param {Map<number, number>[]} counts
 * @param {number} answers how many columns there are
 * @param {(row: number, column: number) => boolean} isRight
 * @param {number} most how many of each
 * @returns {{rows: number[], columns: number[]}}
 */
export function busiest(counts, answers, isRight, most) {
  const cells = counts.flatMap((answered, row) =>
    // A right answer counts a little, so that what is used stands before what is not.
    Array.from(answered, ([column, count]) => ({ row, column, weight: isRight(row, column) ? count * 1e-6 : count })),
  );
  /** @type {Set<number>} */
  const rows = new Set();
  /** @type {Set<number>} */
  const columns = new Set();
  for (const { row, column } of cells.sort((a, b) => b.weight - a.weight)) {
    if (rows.size === most && !rows.has(row)) continue;
    if (columns.size === most && !columns.has(column)) continue;
    rows.add(row);
    columns.add(column);
  }
  return { rows: filled(rows, counts.length, most), columns: filled(columns, answers, most) };
}

/** @param {Set<number>} chosen filled up with the first of the others @param {number} count @param {number} most */
function filled(chosen, count, most) {
  for (let rank = 0; rank < count && chosen.size < most; rank += 1) chosen.add(rank);
  return Array.from(chosen).sort((a, b) => a - b);
}
