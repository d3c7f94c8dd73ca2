/**
 * Bytes to packets and messages, and back. Functions over Uint8Array without I/O; whatever they are
 * given, they return a value or throw a NanoError with the code `protocol` (reading) or
 * `bad-request` (writing).
 *
 *     packet:  type(1) | length(3, big endian) | body(length)
 *     message: flag(1) | id(varint) | route | payload        (the body of a data packet)
 */
import { Code, NanoError, protocolError } from './errors.js';

export const PacketType = Object.freeze({ HANDSHAKE: 1, ACK: 2, HEARTBEAT: 3, DATA: 4, KICK: 5 });
export const MessageType = Object.freeze({ REQUEST: 0, NOTIFY: 1, RESPONSE: 2, PUSH: 3 });

export const HEADER_LENGTH = 4;
/** The largest body that a header can announce, in bytes. */
export const MAX_BODY = 0xffffff;

const MAX_ROUTE = 255;
const FLAG_CODE = 0x01;
const FLAG_DEFLATED = 0x10;
const FLAG_ERROR = 0x20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const empty = new Uint8Array(0);

/**
 * @typedef {object} Packet
 * @property {number} type one of PacketType
 * @property {Uint8Array} body a view of the bytes that it was read from
 */

/**
 * Everything in a message but its payload.
 * @typedef {object} Head
 * @property {number} type one of MessageType
 * @property {number | bigint} [id] request and response; a bigint past 2^53-1
 * @property {string} [route] request, notify and push
 * @property {number} [code] dictionary code that stands for the route; 0: none
 * @property {boolean} [deflated] the payload is zlib or gzip
 * @property {boolean} [isError] the payload is an error body
 */

/** @typedef {Required<Head> & {payload: Uint8Array}} Message */

/**
 * One packet as bytes.
 * @param {number} type
 * @param {Uint8Array} [body]
 */
export function encodePacket(type, body = empty) {
  if (body.length > MAX_BODY) {
    throw new NanoError(Code.BAD_REQUEST, `a message of ${body.length} bytes is too large`);
  }
  const out = new Uint8Array(HEADER_LENGTH + body.length);
  out[0] = type;
  out[1] = body.length >> 16;
  out[2] = body.length >> 8;
  out[3] = body.length;
  out.set(body, HEADER_LENGTH);
  return out;
}

/**
 * The first packet of bytes, or null if it is not all there. Type and length are checked as soon as
 * their bytes are.
 * @param {Uint8Array} bytes
 * @param {number} [limit] largest body accepted, in bytes
 * @returns {{packet: Packet, size: number} | null} size: bytes that the packet took, header included
 */
export function parsePacket(bytes, limit = MAX_BODY) {
  const size = packetSize(bytes, limit);
  if (size === 0 || bytes.length < size) return null;
  return { packet: { type: bytes[0], body: bytes.subarray(HEADER_LENGTH, size) }, size };
}

/**
 * The size that a packet's header announces, header included; 0 if the header is not all there.
 * @param {Uint8Array} bytes
 * @param {number} limit
 */
function packetSize(bytes, limit) {
  if (bytes.length === 0) return 0;
  if (bytes[0] < PacketType.HANDSHAKE || bytes[0] > PacketType.KICK) {
    throw protocolError(`packet type ${bytes[0]}`);
  }
  if (bytes.length < HEADER_LENGTH) return 0;
  const length = (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];
  if (length > limit) throw protocolError(`a packet of ${length} bytes is over the limit of ${limit}`);
  return HEADER_LENGTH + length;
}

/**
 * Cuts a stream into packets, however it was cut into chunks: several packets in a chunk, or one
 * packet over many. Chunks are kept, not copied; the caller must not write to them afterwards.
 */
export class PacketReader {
  /** @type {Uint8Array[]} */
  #chunks = [];
  #length = 0;
  /** Bytes to wait for before it is worth looking again: joining every time would be quadratic. */
  #wanted = 1;
  #limit;

  /** @param {number} [limit] largest body accepted, in bytes */
  constructor(limit = MAX_BODY) {
    this.#limit = limit;
  }

  /** @param {Uint8Array} chunk */
  push(chunk) {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * The next whole packet, or null until more is pushed. Once it has thrown, the stream is useless.
   * @returns {Packet | null}
   */
  next() {
    if (this.#length < this.#wanted) return null;
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : join(this.#chunks, this.#length);
    const found = parsePacket(bytes, this.#limit);
    const rest = found ? bytes.subarray(found.size) : bytes;
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    this.#wanted = found ? 1 : packetSize(bytes, this.#limit) || bytes.length + 1;
    return found ? found.packet : null;
  }
}

/**
 * A message as the body of a data packet.
 * @param {Head} head
 * @param {Uint8Array} [payload]
 */
export function encodeMessage(head, payload = empty) {
  const code = head.code ?? 0;
  let flag = head.type << 1;
  if (head.deflated) flag |= FLAG_DEFLATED;
  if (head.isError) flag |= FLAG_ERROR;
  if (hasRoute(head.type) && code !== 0) flag |= FLAG_CODE;
  const id = hasID(head.type) ? encodeVarint(head.id ?? 0) : empty;
  const route = hasRoute(head.type) ? encodeRoute(head.route ?? '', code) : empty;
  return join([Uint8Array.of(flag), id, route, payload], 1 + id.length + route.length + payload.length);
}

/**
 * Reads the body of a data packet. The payload is a view of it.
 * @param {Uint8Array} bytes
 * @returns {Message}
 */
export function parseMessage(bytes) {
  if (bytes.length === 0) throw protocolError('a message without a flag');
  const flag = bytes[0];
  const type = (flag >> 1) & 7;
  if (type > MessageType.PUSH) throw protocolError(`message type ${type}`);
  let offset = 1;
  /** @type {number | bigint} */
  let id = 0;
  let code = 0;
  let route = '';
  if (hasID(type)) ({ value: id, offset } = parseVarint(bytes, offset));
  if (hasRoute(type)) ({ code, route, offset } = parseRoute(bytes, offset, (flag & FLAG_CODE) !== 0));
  return {
    type,
    id,
    code,
    route,
    deflated: (flag & FLAG_DEFLATED) !== 0,
    isError: (flag & FLAG_ERROR) !== 0,
    payload: bytes.subarray(offset),
  };
}

/** @param {number} type */
function hasID(type) {
  return type === MessageType.REQUEST || type === MessageType.RESPONSE;
}

/** @param {number} type */
function hasRoute(type) {
  return type !== MessageType.RESPONSE;
}

/**
 * @param {string} route
 * @param {number} code
 */
function encodeRoute(route, code) {
  if (code !== 0) return Uint8Array.of(code >> 8, code);
  const bytes = encoder.encode(route);
  if (bytes.length > MAX_ROUTE) {
    throw new NanoError(Code.BAD_REQUEST, `a route of ${bytes.length} bytes is over ${MAX_ROUTE}`);
  }
  return join([Uint8Array.of(bytes.length), bytes], 1 + bytes.length);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @param {boolean} coded
 */
function parseRoute(bytes, offset, coded) {
  if (coded) {
    if (bytes.length - offset < 2) throw protocolError('a short route code');
    const code = (bytes[offset] << 8) | bytes[offset + 1];
    if (code === 0) throw protocolError('route code 0');
    return { code, route: '', offset: offset + 2 };
  }
  if (bytes.length === offset) throw protocolError('a message without a route');
  const end = offset + 1 + bytes[offset];
  if (bytes.length < end) throw protocolError('a route shorter than its length');
  return { code: 0, route: decoder.decode(bytes.subarray(offset + 1, end)), offset: end };
}

/** @param {number | bigint} value */
function encodeVarint(value) {
  let rest = BigInt(value);
  const out = [];
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @returns {{value: number | bigint, offset: number}}
 */
function parseVarint(bytes, offset) {
  if (bytes.length === offset) throw protocolError('a message without its id');
  let value = 0n;
  for (let i = 0; i < 10 && offset + i < bytes.length; i++) {
    const byte = bytes[offset + i];
    if (i === 9 && byte > 1) break;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) {
      const safe = value <= BigInt(Number.MAX_SAFE_INTEGER);
      return { value: safe ? Number(value) : value, offset: offset + i + 1 };
    }
  }
  throw protocolError('an id that does not end');
}

/**
 * @param {Uint8Array[]} parts
 * @param {number} length
 */
function join(parts, length) {
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
