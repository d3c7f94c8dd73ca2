/**
 * Codes that this client gives to errors of its own. Every other code comes from the server: one of
 * nano's (`not-found`, `bad-request`, `unavailable`, `internal`, …), the application's, or a kick's
 * (`kicked`, `replaced`, …).
 */
export const Code = Object.freeze({
  /** No connection: nothing was sent. */
  NOT_OPEN: 'not-open',
  /** The connection ended; on a request: after it was sent and before the answer came. */
  LOST: 'lost',
  /** Closed by the application through `close()`. */
  CLOSED: 'closed',
  /** No answer in time. */
  TIMEOUT: 'timeout',
  /** The caller's AbortSignal fired. */
  CANCELED: 'canceled',
  /** The server refused the handshake; `metadata.status` has its number. */
  REFUSED: 'refused',
  /** The server takes newer clients only (handshake status 501). */
  TOO_OLD: 'client-too-old',
  /** The peer sent bytes that break the protocol. */
  PROTOCOL: 'protocol',
  /** The caller gave what cannot be sent. */
  BAD_REQUEST: 'bad-request',
  /** An answer or a push whose payload the codec cannot read. */
  BAD_PAYLOAD: 'bad-payload',
  /** An error answer that carries no code of its own. */
  INTERNAL: 'internal',
});

/** The one error type of this client: what the server said, or what became of the connection. */
export class NanoError extends Error {
  /**
   * @param {string} code machine-readable; see {@link Code}
   * @param {string} message for people
   * @param {{metadata?: Record<string, string>, outcomeUnknown?: boolean, cause?: unknown}} [details]
   */
  constructor(code, message, details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'NanoError';
    /** @readonly */
    this.code = code;
    /** @readonly @type {Record<string, string>} */
    this.metadata = details.metadata ?? {};
    /**
     * True when a request was sent and nobody can say whether the server ran it: do not repeat it
     * blindly.
     * @readonly
     */
    this.outcomeUnknown = details.outcomeUnknown ?? false;
  }
}

/**
 * @param {string} message
 * @param {unknown} [cause]
 */
export function protocolError(message, cause) {
  return new NanoError(Code.PROTOCOL, message, { cause });
}

/**
 * Reads the decoded body of an error answer: `{code, msg, metadata}`. Anything may be in there;
 * what has another shape is left out.
 * @param {unknown} body
 */
export function errorFromBody(body) {
  const { code, msg, metadata } = record(body);
  const name = text(code) || Code.INTERNAL;
  return new NanoError(name, text(msg) || name, {
    metadata: strings(metadata),
    outcomeUnknown: name === 'unavailable',
  });
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>} the value if it is an object, else an empty one
 */
export function record(value) {
  return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};
}

/**
 * @param {unknown} value
 * @returns {string} the value if it is a string, else an empty one
 */
export function text(value) {
  return typeof value === 'string' ? value : '';
}

/** @param {unknown} value */
function strings(value) {
  /** @type {Record<string, string>} */
  const out = {};
  for (const [key, item] of Object.entries(record(value))) {
    if (typeof item === 'string') out[key] = item;
  }
  return out;
}
