// Where on the screen a point of a plane is: fitted, zoomed, moved.

/** Pixels from points: x grows to the right, y upwards, both by the same factor. */
export class View {
  /** @param {ArrayLike<number>} points x and y of each, in turn */
  constructor(points) {
    this.points = points;
    this.zoom = 1;
    // What is moved, in pixels at zoom 1.
    this.right = 0;
    this.down = 0;
    this.width = 1;
    this.height = 1;
    this.factor = 1;
    this.middle = [0, 0];
  }

  /** @param {number} width @param {number} height of the screen, in pixels */
  resize(width, height) {
    this.width = width;
    this.height = height;
    const [left, right] = this.ends(0);
    const [bottom, top] = this.ends(1);
    const margin = Math.min(24, width / 8, height / 8);
    const across = (width - 2 * margin) / (right - left || 1);
    const up = (height - 2 * margin) / (top - bottom || 1);
    this.factor = Math.min(across, up);
    this.middle = [(left + right) / 2, (bottom + top) / 2];
  }

  /** @param {number} axis */
  ends(axis) {
    let [low, high] = [Infinity, -Infinity];
    for (let place = axis; place < this.points.length; place += 2) {
      low = Math.min(low, this.points[place]);
      high = Math.max(high, this.points[place]);
    }
    return low > high ? [0, 1] : [low, high];
  }

  /** @param {number} x @param {number} y @returns {[number, number]} pixels from the top left */
  onScreen(x, y) {
    const factor = this.factor * this.zoom;
    return [
      this.width / 2 + (x - this.middle[0]) * factor + this.right * this.zoom,
      this.height / 2 - (y - this.middle[1]) * factor + this.down * this.zoom,
    ];
  }

  /** @param {number} right @param {number} down in pixels */
  move(right, down) {
    this.right += right / this.zoom;
    this.down += down / this.zoom;
  }

  /**
   * Zoom, so that what is under a place stays there.
   *
   * @param {number} times
   * @param {number} [x] in pixels; the middle if left out
   * @param {number} [y]
   */
  zoomAt(times, x = this.width / 2, y = this.height / 2) {
    const zoom = Math.min(Math.max(this.zoom * times, 1), 60);
    const change = 1 / zoom - 1 / this.zoom;
    this.right += (x - this.width / 2) * change;
    this.down += (y - this.height / 2) * change;
    this.zoom = zoom;
    if (zoom === 1) this.reset();
  }

  reset() {
    [this.zoom, this.right, this.down] = [1, 0, 0];
  }

  /**
   * The nearest of some points to a place on the screen.
   *
   * @param {number[]} among
   * @param {number} x in pixels
   * @param {number} y
   * @param {number} reach no farther than so many pixels
   * @returns {number} -1 if there is none
   */
  nearest(among, x, y, reach) {
    let [best, least] = [-1, reach];
    for (const point of among) {
      const [px, py] = this.onScreen(this.points[2 * point], this.points[2 * point + 1]);
      const distance = Math.hypot(px - x, py - y);
      if (distance <= least) [best, least] = [point, distance];
    }
    return best;
  }

  /**
   * The nearest of some points to another, in a direction of the screen.
   *
   * @param {number[]} among
   * @param {number} from
   * @param {[number, number]} direction right and down, one of them 0
   * @returns {number} -1 if there is none
   */
  next(among, from, [right, down]) {
    const [x, y] = this.onScreen(this.points[2 * from], this.points[2 * from + 1]);
    let [best, least] = [-1, Infinity];
    for (const point of among) {
      const [px, py] = this.onScreen(this.points[2 * point], this.points[2 * point + 1]);
      const along = (px - x) * right + (py - y) * down;
      const aside = Math.abs((px - x) * down) + Math.abs((py - y) * right);
      // What lies aside counts double: a step to the right is to go right.
      const cost = along + 2 * aside;
      if (point !== from && along > 0 && cost < least) [best, least] = [point, cost];
    }
    return best;
  }
}
