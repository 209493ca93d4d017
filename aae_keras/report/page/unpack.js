// Numbers as Python packed them: base64 of gzip of little-endian bytes.

/** @typedef {Float32Array | Int8Array | Int16Array | Int32Array | Uint8Array} Numbers */

/**
 * The numbers of a packed array; 16-bit floats become 32-bit ones.
 *
 * @param {import("./types.d.ts").Array} array
 * @returns {Promise<Numbers>}
 */
export async function unpack(array) {
  const bytes = Uint8Array.from(atob(array.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  switch (array.dtype) {
    case "float16":
      return fromHalves(new Uint16Array(buffer));
    case "float32":
      return new Float32Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "uint8":
      return new Uint8Array(buffer);
  }
}

/**
 * The same of an array that may not be there.
 *
 * @param {import("./types.d.ts").Array | null} array
 * @returns {Promise<Numbers | null>}
 */
export async function unpackIfThere(array) {
  return array && unpack(array);
}

/** @type {Float32Array | undefined} */
let halves;

/** @param {Uint16Array} bits of 16-bit floats */
function fromHalves(bits) {
  halves ??= Float32Array.from({ length: 65536 }, (_, half) => fromHalf(half));
  const values = new Float32Array(bits.length);
  for (let place = 0; place < bits.length; place++) values[place] = halves[bits[place]];
  return values;
}

/** @param {number} bits of one 16-bit float: sign, 5 of exponent, 10 of fraction */
function fromHalf(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
