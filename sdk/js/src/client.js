import { backoff } from './backoff.js';
import { json } from './codec.js';
import { Connection } from './connection.js';
import { Code, NanoError, errorFromBody } from './errors.js';
import { Requests } from './requests.js';
import { onWake } from './wake.js';
import { MAX_BODY, MessageType } from './wire.js';

/**
 * @typedef {'idle' | 'connecting' | 'open' | 'lost' | 'closed'} State
 *   idle: not started; connecting: an attempt is under way; open: ready; lost: waiting for the next
 *   attempt; closed: over, until connect is called again.
 */

/**
 * @typedef {object} StateEvent
 * @property {State} state
 * @property {NanoError} [error] lost and closed: why
 * @property {number} attempt attempts since the connection was last good; 0 for the first
 * @property {number} [retryIn] lost: milliseconds until the next attempt
 * @property {boolean} [reconnected] open: it had been open before, and pushes of the time between are missing
 * @property {unknown} [user] open: what the server's handshake validator returned, if anything
 */

/**
 * @typedef {object} ClientOptions
 * @property {unknown} [user] sent as the handshake's `user`; a function is called for each connection
 *   and may return a promise, so that a token can be fresh
 * @property {number} [timeout] of a request, in milliseconds; default 10000; 0 and below: none
 * @property {number} [openTimeout] of connecting and handshake together, in milliseconds; default 10000
 * @property {false | {min?: number, max?: number}} [reconnect] bounds of the pause before an attempt to
 *   reconnect, in milliseconds; default 500 and 15000; false: a lost connection closes the client
 * @property {import('./codec.js').Codec} [codec] default JSON
 * @property {(error: unknown) => void} [onError] gets what a listener threw and pushes that cannot be
 *   read; default console.error
 * @property {number} [limit] largest packet accepted, in bytes; default 2^24-1
 * @property {typeof WebSocket} [WebSocket] default the global one
 */

/** A connection must have lasted this long for the pauses to start small again, in milliseconds. */
const STEADY = 5000;

/**
 * A client of one server. It connects, comes back by itself after a loss, and carries requests,
 * notifies and pushes meanwhile. All of its methods may be called at any time, from listeners too.
 */
export class Client {
  #url;
  #options;
  /** @type {State} */
  #state = 'idle';
  /** @type {Connection | null} */
  #connection = null;
  #requests = new Requests();
  /** @type {Map<string, Set<(data: any) => void>>} */
  #listeners = new Map();
  /** @type {Set<(event: StateEvent) => void>} */
  #watchers = new Set();
  /** @type {StateEvent[]} */
  #news = [];
  #failures = 0;
  #openedAt = 0;
  #wasOpen = false;
  #cancelRetry = () => {};
  #started = deferred();

  /**
   * Makes a client; `connect` starts it.
   * @param {string | URL} url `wss://…`, or relative to the page, as `/ws`
   * @param {ClientOptions} [options]
   */
  constructor(url, options = {}) {
    const { user } = options;
    const { min = 500, max = 15_000 } = options.reconnect || {};
    this.#url = url;
    this.#options = {
      user: typeof user === 'function' ? () => user() : () => user,
      timeout: options.timeout ?? 10_000,
      openTimeout: options.openTimeout ?? 10_000,
      reconnect: options.reconnect === false ? null : { min, max },
      codec: options.codec ?? json,
      onError: options.onError ?? ((/** @type {unknown} */ error) => console.error(error)),
      limit: options.limit ?? MAX_BODY,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
    };
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /**
   * Starts the client if it is idle or closed.
   * @returns {Promise<void>} resolves at the first open; rejects with a NanoError if it is closed
   *   before. It may be ignored: nothing is reported as unhandled.
   */
  connect() {
    if (this.#state === 'idle' || this.#state === 'closed') {
      this.#started = deferred();
      this.#failures = 0;
      this.#wasOpen = false;
      this.#dial();
    }
    return this.#started.promise;
  }

  /** Ends the client: no more attempts. Requests under way reject with `lost`. */
  close() {
    if (this.#state !== 'closed') this.#close(new NanoError(Code.CLOSED, 'closed by the application'));
  }

  /** Makes the next attempt now, if the client waits for it. */
  retry() {
    if (this.#state === 'lost') this.#dial();
  }

  /**
   * Calls a route and waits for the answer. Rejects with a NanoError: the server's, or `not-open`
   * (nothing was sent), `timeout`, `canceled`, `lost` (its `outcomeUnknown` is true once it was sent),
   * `bad-request`, `bad-payload`.
   * @param {string} route
   * @param {unknown} [data]
   * @param {{timeout?: number, signal?: AbortSignal}} [options] timeout in milliseconds
   * @returns {Promise<any>}
   */
  request(route, data, { timeout = this.#options.timeout, signal } = {}) {
    const send = (/** @type {number} */ id) => this.#send(MessageType.REQUEST, route, data, id);
    return this.#requests.make(send, timeout, signal);
  }

  /**
   * Tells the server something, without an answer. Throws a NanoError: `not-open`, `bad-request`.
   * @param {string} route
   * @param {unknown} [data]
   */
  notify(route, data) {
    this.#send(MessageType.NOTIFY, route, data);
  }

  /**
   * Listens to a route's pushes.
   * @param {string} route
   * @param {(data: any) => void} listener
   * @returns {() => void} ends it
   */
  on(route, listener) {
    const own = (/** @type {any} */ data) => listener(data); // so that one listener may be added twice
    const listeners = this.#listeners.get(route) ?? new Set();
    this.#listeners.set(route, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(route) === listeners) this.#listeners.delete(route);
    };
  }

  /**
   * Listens to the connection's state.
   * @param {(event: StateEvent) => void} watcher
   * @returns {() => void} ends it
   */
  onState(watcher) {
    const own = (/** @type {StateEvent} */ event) => watcher(event);
    this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }

  /**
   * @param {number} type
   * @param {string} route
   * @param {unknown} data
   * @param {number} [id]
   */
  #send(type, route, data, id) {
    if (this.#state !== 'open' || !this.#connection) {
      throw new NanoError(Code.NOT_OPEN, `there is no connection, nothing was sent (${this.#state})`);
    }
    this.#connection.send({ type, route, id }, this.#encode(data));
  }

  /** @param {unknown} data */
  #encode(data) {
    try {
      return this.#options.codec.encode(data);
    } catch (cause) {
      throw new NanoError(Code.BAD_REQUEST, 'the data cannot be encoded', { cause });
    }
  }

  #dial() {
    this.#cancelRetry();
    try {
      this.#connection = new Connection({ ...this.#options, url: socketURL(this.#url) }, {
        open: (user) => this.#opened(user),
        message: (message) => this.#receive(message),
        end: (error, final) => this.#ended(error, final),
      });
    } catch (cause) {
      return this.#close(new NanoError(Code.BAD_REQUEST, `cannot connect to ${this.#url}`, { cause }));
    }
    this.#setState({ state: 'connecting', attempt: this.#failures });
  }

  /** @param {unknown} user */
  #opened(user) {
    const reconnected = this.#wasOpen;
    this.#wasOpen = true;
    this.#openedAt = Date.now();
    this.#started.resolve();
    this.#setState({ state: 'open', attempt: this.#failures, reconnected, user });
  }

  /**
   * @param {NanoError} error
   * @param {boolean} final
   */
  #ended(error, final) {
    if (final || !this.#options.reconnect) return this.#close(error);
    if (this.#state === 'open' && Date.now() - this.#openedAt >= STEADY) this.#failures = 0;
    const retryIn = backoff(this.#failures, this.#options.reconnect);
    this.#failures++;
    this.#connection = null;
    this.#state = 'lost';
    this.#scheduleRetry(retryIn);
    this.#requests.lose(error);
    this.#setState({ state: 'lost', error, attempt: this.#failures, retryIn });
  }

  /** @param {number} delay in milliseconds */
  #scheduleRetry(delay) {
    const timer = setTimeout(() => this.retry(), delay);
    const asleep = onWake(() => this.retry());
    this.#cancelRetry = () => {
      clearTimeout(timer);
      asleep();
      this.#cancelRetry = () => {};
    };
  }

  /** @param {NanoError} error */
  #close(error) {
    this.#cancelRetry();
    this.#connection?.close();
    this.#connection = null;
    this.#state = 'closed';
    this.#requests.lose(error);
    this.#started.reject(error);
    this.#setState({ state: 'closed', error, attempt: this.#failures });
  }

  /**
   * A watcher may cause the next event; every watcher still sees all of them in order.
   * @param {StateEvent} event
   */
  #setState(event) {
    this.#state = event.state;
    if (this.#news.push(event) > 1) return; // the call that works on the first goes on with it
    for (; this.#news.length > 0; this.#news.shift()) {
      for (const watcher of [...this.#watchers]) this.#call(watcher, this.#news[0]);
    }
  }

  /** @param {import('./wire.js').Message} message */
  #receive(message) {
    /** @type {any} */
    let data;
    try {
      data = message.isError ? this.#readError(message.payload) : this.#options.codec.decode(message.payload);
    } catch (cause) {
      return this.#unreadable(message, cause);
    }
    if (message.type === MessageType.PUSH) {
      for (const listener of [...(this.#listeners.get(message.route) ?? [])]) this.#call(listener, data);
    } else if (message.isError) {
      this.#requests.reject(message.id, data);
    } else {
      this.#requests.resolve(message.id, data);
    }
  }

  /**
   * Error bodies come in the session's serializer, or as JSON where that cannot.
   * @param {Uint8Array} payload
   */
  #readError(payload) {
    try {
      return errorFromBody(this.#options.codec.decode(payload));
    } catch {
      return errorFromBody(json.decode(payload));
    }
  }

  /**
   * @param {import('./wire.js').Message} message
   * @param {unknown} cause
   */
  #unreadable(message, cause) {
    if (message.type === MessageType.PUSH) {
      const what = `a push on ${JSON.stringify(message.route)} cannot be read`;
      return this.#report(new NanoError(Code.BAD_PAYLOAD, what, { cause }));
    }
    const error = message.isError
      ? new NanoError(Code.INTERNAL, 'the server answered with an error that cannot be read', { cause })
      : new NanoError(Code.BAD_PAYLOAD, 'the answer cannot be read', { cause });
    this.#requests.reject(message.id, error);
  }

  /**
   * @template T
   * @param {(value: T) => void} listener
   * @param {T} value
   */
  #call(listener, value) {
    try {
      listener(value);
    } catch (error) {
      this.#report(error);
    }
  }

  /** @param {unknown} error */
  #report(error) {
    try {
      this.#options.onError(error);
    } catch (second) {
      console.error(second);
    }
  }
}

/**
 * The address for a WebSocket: absolute, with ws or wss.
 * @param {string | URL} url
 */
function socketURL(url) {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  absolute.hash = '';
  return absolute.href;
}

/** A promise that may be left alone, with its ends. */
function deferred() {
  let resolve = () => {};
  let reject = (/** @type {NanoError} */ _error) => {};
  /** @type {Promise<void>} */
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
