/**
 * How long to wait before an attempt to reconnect, in milliseconds: anywhere up to a bound that
 * doubles with each failure. A thousand clients that lost one server come back spread out, not
 * together.
 * @param {number} failures attempts that failed in a row before; 0: the connection has just been lost
 * @param {{min: number, max: number}} bounds the first bound and the largest, in milliseconds
 * @param {() => number} [random] in [0, 1)
 */
export function backoff(failures, { min, max }, random = Math.random) {
  const bound = Math.min(max, min * 2 ** Math.min(failures, 30));
  return Math.round(bound * (0.1 + 0.9 * random()));
}
