/** @param {string} hex */
export function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {Uint8Array} bytes */
export function toHex(bytes) {
  return Buffer.from(bytes).toString('hex');
}

/** @param {unknown} value */
export function toJSON(value) {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** @param {Uint8Array[]} parts */
export function concat(parts) {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/**
 * A repeatable source of numbers in [0, 1) (mulberry32).
 * @param {number} seed
 */
export function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
