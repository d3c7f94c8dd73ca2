import { PacketReader, PacketType, MessageType, encodeMessage, encodePacket, parseMessage } from '../src/wire.js';
import { toJSON } from './bytes.js';

/**
 * A WebSocket class whose other end the test plays: `sockets` has every one that was made, in order.
 */
export function fakeWebSocket() {
  /** @type {FakeSocket[]} */
  const sockets = [];
  class Fake extends FakeSocket {
    /** @param {string} url */
    constructor(url) {
      super(url);
      sockets.push(this);
    }
  }
  return { WebSocket: /** @type {any} */ (Fake), sockets };
}

class FakeSocket {
  onopen = null;
  onmessage = null;
  onclose = null;
  closed = false;
  /** @type {import('../src/wire.js').Packet[]} what the client has sent */
  packets = [];
  #reader = new PacketReader();

  constructor(url) {
    this.url = url;
  }

  send(bytes) {
    this.#reader.push(bytes);
    for (let packet; (packet = this.#reader.next()); ) this.packets.push(packet);
  }

  close() {
    this.closed = true;
  }

  /** The connection stands; resolves when the client has sent its handshake. */
  async open() {
    this.onopen?.({});
    await settle();
  }

  /** A whole successful handshake. */
  async welcome(sys = {}, rest = {}) {
    await this.open();
    this.packet(PacketType.HANDSHAKE, toJSON({ code: 200, sys, ...rest }));
  }

  packet(type, body) {
    this.bytes(encodePacket(type, body));
  }

  bytes(bytes) {
    this.onmessage?.({ data: bytes.slice().buffer });
  }

  message(head, value) {
    this.packet(PacketType.DATA, encodeMessage(head, value instanceof Uint8Array ? value : toJSON(value)));
  }

  push(route, value) {
    this.message({ type: MessageType.PUSH, route }, value);
  }

  respond(id, value, isError = false) {
    this.message({ type: MessageType.RESPONSE, id, isError }, value);
  }

  kick(body) {
    this.packet(PacketType.KICK, body instanceof Uint8Array ? body : toJSON(body));
  }

  drop(code = 1006, reason = '') {
    this.onclose?.({ code, reason });
  }

  types() {
    return this.packets.map(({ type }) => type);
  }

  /** The messages that the client has sent. */
  messages() {
    return this.packets
      .filter(({ type }) => type === PacketType.DATA)
      .map(({ body }) => parseMessage(body))
      .map(({ payload, ...head }) => ({ ...head, data: JSON.parse(new TextDecoder().decode(payload)) }));
  }
}

/** Lets everything run that waits for promises alone. */
export async function settle() {
  for (let i = 0; i < 40; i++) await null;
}
