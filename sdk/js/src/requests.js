import { Code, NanoError } from './errors.js';

/**
 * @typedef {object} Waiting
 * @property {(payload: unknown) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {() => void} release takes the timer and the abort listener away
 */

const MAX_ID = 0x7fffffff;

/** The requests that were sent and not answered yet. */
export class Requests {
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #last = 0;

  /**
   * Makes a request: gives it an id, sends it, waits for its answer. Rejects with a NanoError, and
   * with what `send` throws.
   * @param {(id: number) => void} send
   * @param {number} timeout in milliseconds; 0, below 0 and Infinity: none
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  make(send, timeout, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw aborted(signal, false);
      const id = this.#nextID();
      const timer = hasEnd(timeout) ? setTimeout(() => this.reject(id, timedOut(timeout)), timeout) : undefined;
      const abort = () => this.reject(id, aborted(/** @type {AbortSignal} */ (signal), true));
      signal?.addEventListener('abort', abort);
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      this.#waiting.set(id, { resolve, reject, release });
      try {
        send(id);
      } catch (error) {
        this.reject(id, error);
      }
    });
  }

  /**
   * @param {number | bigint} id one that nobody waits for any more is passed over
   * @param {unknown} value
   */
  resolve(id, value) {
    this.#take(id)?.resolve(value);
  }

  /**
   * @param {number | bigint} id one that nobody waits for any more is passed over
   * @param {unknown} error
   */
  reject(id, error) {
    this.#take(id)?.reject(error);
  }

  /**
   * Ends all of them: the connection that they went out on is gone.
   * @param {NanoError} cause why it is gone
   */
  lose(cause) {
    for (const id of [...this.#waiting.keys()]) {
      const message = `the connection ended before the answer came, the outcome is unknown: ${cause.message}`;
      this.reject(id, new NanoError(Code.LOST, message, { cause, outcomeUnknown: true }));
    }
  }

  /** @param {number | bigint} id */
  #take(id) {
    const waiting = this.#waiting.get(/** @type {number} */ (id));
    if (!waiting) return undefined;
    this.#waiting.delete(/** @type {number} */ (id));
    waiting.release();
    return waiting;
  }

  #nextID() {
    do {
      this.#last = this.#last >= MAX_ID ? 1 : this.#last + 1;
    } while (this.#waiting.has(this.#last));
    return this.#last;
  }
}

/** @param {number} timeout longer than a timer can wait (24 days) is none */
function hasEnd(timeout) {
  return timeout > 0 && timeout <= 0x7fffffff;
}

/** @param {number} timeout */
function timedOut(timeout) {
  return new NanoError(Code.TIMEOUT, `no answer within ${timeout} ms, the outcome is unknown`, {
    outcomeUnknown: true,
  });
}

/**
 * @param {AbortSignal} signal
 * @param {boolean} sent
 */
function aborted(signal, sent) {
  const code = signal.reason?.name === 'TimeoutError' ? Code.TIMEOUT : Code.CANCELED;
  const message = sent ? 'given up by the caller, the outcome is unknown' : 'given up before it was sent';
  return new NanoError(code, message, { cause: signal.reason, outcomeUnknown: sent });
}
