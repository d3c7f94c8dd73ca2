/** What a timer can wait for, in milliseconds, and what it should: a server may ask for anything. */
const LONGEST = 0x7fffffff;
const SHORTEST = 50;

/**
 * Keeps one connection alive and notices when the other end has gone silent.
 *
 * It answers each of the server's heartbeats, and sends one by itself when an interval has passed
 * without (answering alone would do, but a hidden tab's timers are slow and its messages are not).
 * Any packet counts as life; two intervals without one end the connection.
 */
export class Heartbeat {
  #interval;
  #send;
  #silent;
  #heard = 0;
  #sent = 0;
  #due = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {number} interval in milliseconds; 0 and below: off
   * @param {() => void} send sends a heartbeat
   * @param {() => void} silent called once, when the other end is taken for gone
   */
  constructor(interval, send, silent) {
    this.#interval = interval > 0 ? Math.max(interval, SHORTEST) : 0;
    this.#send = send;
    this.#silent = silent;
  }

  start() {
    if (this.#interval === 0) return;
    this.#heard = Date.now();
    this.#sent = this.#heard - this.#interval / 2; // so that the server's first one is answered
    this.#arm();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#interval = 0;
  }

  /** Any packet came. */
  heard() {
    this.#heard = Date.now();
  }

  /** A heartbeat came. With heartbeats off it is answered too: the server knows why it sends them. */
  beat() {
    const now = Date.now();
    if (now - this.#sent < this.#interval / 2) return;
    this.#sent = now;
    this.#send();
  }

  #arm() {
    this.#due = Math.min(this.#sent + this.#interval, this.#heard + 2 * this.#interval);
    const wait = Math.min(Math.max(0, this.#due - Date.now()), LONGEST);
    this.#timer = setTimeout(() => this.#tick(), wait);
  }

  #tick() {
    const now = Date.now();
    // A timer this late means that the tab or the machine was asleep; what came meanwhile may still
    // be in the event queue behind this call.
    if (now - this.#due > this.#interval) this.#heard = Math.max(this.#heard, now - this.#interval);
    if (now - this.#heard >= 2 * this.#interval) return this.#silent();
    if (now - this.#sent >= this.#interval) {
      this.#sent = now;
      this.#send();
    }
    if (this.#interval > 0) this.#arm();
  }
}
