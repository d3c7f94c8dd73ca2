import { protocolError, record } from './errors.js';

/** Routes and the two-byte codes that stand for them, as the handshake's reply gave them. */
export class Dictionary {
  /** @type {Map<string, number>} */
  #codes = new Map();
  /** @type {Map<number, string>} */
  #routes = new Map();

  /**
   * @param {unknown} routes route → code; absent or null: an empty dictionary. Throws a NanoError
   *   (`protocol`) if a code is out of range or stands for two routes.
   */
  constructor(routes) {
    for (const [route, code] of Object.entries(record(routes))) {
      if (typeof code !== 'number' || !Number.isInteger(code) || code < 1 || code > 0xffff) {
        throw protocolError(`route ${JSON.stringify(route)} has the code ${JSON.stringify(code)}`);
      }
      if (this.#routes.has(code)) throw protocolError(`the route code ${code} is there twice`);
      this.#codes.set(route, code);
      this.#routes.set(code, route);
    }
  }

  /**
   * @param {string} route
   * @returns {number} 0: none
   */
  code(route) {
    return this.#codes.get(route) ?? 0;
  }

  /**
   * @param {number} code
   * @returns {string | undefined}
   */
  route(code) {
    return this.#routes.get(code);
  }
}
