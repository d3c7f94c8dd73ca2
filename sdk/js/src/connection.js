import { Code, NanoError, protocolError, record, text } from './errors.js';
import { Dictionary } from './dictionary.js';
import { Heartbeat } from './heartbeat.js';
import { inflate } from './inflate.js';
import { VERSION } from './version.js';
import { MessageType, PacketReader, PacketType, encodeMessage, encodePacket, parseMessage } from './wire.js';

/**
 * @typedef {object} ConnectionSettings
 * @property {string} url
 * @property {typeof WebSocket} WebSocket
 * @property {() => unknown} user what the handshake's `user` shall be; may return a promise
 * @property {number} openTimeout from the start to the handshake's reply, in milliseconds
 * @property {number} limit largest packet, and largest inflated payload, in bytes
 */

/**
 * @typedef {object} ConnectionEvents none of them may throw
 * @property {(user: unknown) => void} open the handshake is done; what the server's reply had as `user`
 * @property {(message: import('./wire.js').Message) => void} message a response or a push; its route is filled in
 * @property {(error: NanoError, final: boolean) => void} end called once and last, unless `close` was
 *   called; final: a new attempt would end the same way
 */

/** Kicks after which coming back is welcome. All others mean that the client shall stay away. */
const passingKicks = new Set(['slow', 'shutdown', 'timeout']);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * One WebSocket from its opening to its end: handshake, heartbeat, packets. It is never reused.
 */
export class Connection {
  #settings;
  #events;
  #socket;
  /** @type {'opening' | 'greeting' | 'working' | 'ended'} */
  #state = 'opening';
  #reader;
  #heartbeat = new Heartbeat(0, () => {}, () => {});
  #dictionary = new Dictionary(null);
  #openTimer;
  /** What has come stays in the reader until what came before is dealt with. */
  #paused = false;
  /** @type {NanoError | null} the socket closed during the pause */
  #closed = null;

  /**
   * Starts to connect. Throws if the WebSocket cannot be made, as for a bad address.
   * @param {ConnectionSettings} settings
   * @param {ConnectionEvents} events
   */
  constructor(settings, events) {
    this.#settings = settings;
    this.#events = events;
    this.#reader = new PacketReader(settings.limit);
    const socket = new settings.WebSocket(settings.url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#greet();
    socket.onmessage = (event) => this.#guard(() => this.#receive(event.data));
    socket.onclose = (event) => this.#lose(lost(event));
    this.#openTimer = setTimeout(() => {
      this.#end(new NanoError(Code.TIMEOUT, 'the server did not answer the handshake in time'));
    }, settings.openTimeout);
  }

  /**
   * Sends a request or a notify. Throws a NanoError (`bad-request`) if it does not fit a packet.
   * @param {{type: number, id?: number, route: string}} head
   * @param {Uint8Array} payload
   */
  send(head, payload) {
    const code = this.#dictionary.code(head.route);
    this.#write(encodePacket(PacketType.DATA, encodeMessage({ ...head, code }, payload)));
  }

  /** Closes without another event. */
  close() {
    this.#release();
  }

  async #greet() {
    this.#state = 'greeting';
    try {
      const user = await this.#settings.user();
      if (this.#state !== 'greeting') return;
      const sys = { type: 'js-websocket', version: VERSION };
      const body = encoder.encode(JSON.stringify({ sys, user: user ?? {} }));
      this.#write(encodePacket(PacketType.HANDSHAKE, body));
    } catch (cause) {
      this.#end(asNanoError(cause, Code.LOST, 'the handshake could not be sent'));
    }
  }

  /** @param {unknown} data */
  #receive(data) {
    if (!(data instanceof ArrayBuffer)) throw protocolError('a text message');
    this.#heartbeat.heard();
    this.#reader.push(new Uint8Array(data));
    if (!this.#paused) this.#pump();
  }

  #pump() {
    while (this.#state !== 'ended') {
      const packet = this.#reader.next();
      if (!packet) return;
      const done = this.#dispatch(packet);
      if (done) return this.#pause(done);
    }
  }

  /** @param {Promise<void>} done when to go on */
  async #pause(done) {
    this.#paused = true;
    try {
      await done;
      this.#paused = false;
      this.#pump();
      if (this.#closed) this.#lose(this.#closed);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** @param {NanoError} error why the socket closed; what came before it is still delivered */
  #lose(error) {
    this.#closed = error;
    if (!this.#paused) this.#end(error);
  }

  /**
   * @param {import('./wire.js').Packet} packet
   * @returns {Promise<void> | void} a promise: the next packet must wait for it
   */
  #dispatch({ type, body }) {
    switch (type) {
      case PacketType.HANDSHAKE:
        if (this.#state === 'greeting') this.#welcome(body);
        return;
      case PacketType.HEARTBEAT:
        if (this.#state === 'working') this.#heartbeat.beat();
        return;
      case PacketType.DATA:
        if (this.#state !== 'working') throw protocolError('data before the handshake');
        return this.#read(parseMessage(body));
      case PacketType.KICK:
        return this.#kicked(body);
      default:
        throw protocolError(`a packet of type ${type} from the server`);
    }
  }

  /** @param {Uint8Array} body the handshake's reply */
  #welcome(body) {
    const reply = record(parseJSON(body));
    if (reply.code !== 200) return this.#end(refusal(reply), true);
    const sys = record(reply.sys);
    this.#dictionary = new Dictionary(sys.dict);
    const seconds = typeof sys.heartbeat === 'number' ? sys.heartbeat : 0;
    this.#heartbeat = new Heartbeat(
      seconds * 1000,
      () => this.#write(encodePacket(PacketType.HEARTBEAT)),
      () => this.#end(new NanoError(Code.LOST, 'the server has gone silent')),
    );
    clearTimeout(this.#openTimer);
    this.#state = 'working';
    this.#write(encodePacket(PacketType.ACK));
    this.#heartbeat.start();
    this.#events.open(reply.user);
  }

  /** @param {import('./wire.js').Message} message */
  #read(message) {
    if (message.type !== MessageType.RESPONSE && message.type !== MessageType.PUSH) {
      throw protocolError(`a message of type ${message.type} from the server`);
    }
    if (message.code !== 0) {
      const route = this.#dictionary.route(message.code);
      if (route === undefined) throw protocolError(`the unknown route code ${message.code}`);
      message.route = route;
    }
    return message.deflated ? this.#inflate(message) : this.#deliver(message);
  }

  /** @param {import('./wire.js').Message} message */
  async #inflate(message) {
    message.payload = await inflate(message.payload, this.#settings.limit);
    if (this.#state === 'working') await this.#deliver(message);
  }

  /** @param {import('./wire.js').Message} message */
  #deliver(message) {
    this.#events.message(message);
    if (message.type === MessageType.RESPONSE) return awaitersRun();
  }

  /** @param {Uint8Array} body */
  #kicked(body) {
    const { code, reason } = record(tryJSON(body));
    const name = text(code) || 'kicked';
    const error = new NanoError(name, text(reason) || `the server ended the connection: ${name}`);
    this.#end(error, !passingKicks.has(name));
  }

  /** @param {Uint8Array} bytes */
  #write(bytes) {
    this.#socket.send(bytes);
  }

  /** @param {() => void} receive */
  #guard(receive) {
    try {
      receive();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** @param {unknown} cause what the server's bytes led to */
  #fail(cause) {
    this.#end(asNanoError(cause, Code.PROTOCOL, 'the server sent what cannot be read'), true);
  }

  /**
   * @param {NanoError} error
   * @param {boolean} [final]
   */
  #end(error, final = false) {
    if (this.#state === 'ended') return;
    this.#release();
    this.#events.end(error, final);
  }

  /** The socket is let go at once: its own closing may take a minute if the network is gone. */
  #release() {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#openTimer);
    this.#heartbeat.stop();
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }
}

/**
 * Resolves when the code that awaited an answer has gone on, also through a few async functions that
 * hand it up: pushes that were sent behind the answer must find it done.
 */
async function awaitersRun() {
  for (let i = 0; i < 16; i++) await null;
}

/** @param {CloseEvent} event */
function lost({ code, reason }) {
  return new NanoError(Code.LOST, reason || 'the connection was lost', {
    metadata: { closeCode: String(code) },
  });
}

/** @param {Record<string, unknown>} reply */
function refusal(reply) {
  const status = String(reply.code);
  const code = status === '501' ? Code.TOO_OLD : Code.REFUSED;
  const message = text(reply.msg) || `the server refused the connection (${status})`;
  return new NanoError(code, message, { metadata: { status } });
}

/** @param {Uint8Array} bytes */
function parseJSON(bytes) {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw protocolError('a handshake reply that is not JSON', cause);
  }
}

/** @param {Uint8Array} bytes */
function tryJSON(bytes) {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return null;
  }
}

/**
 * @param {unknown} cause
 * @param {string} code
 * @param {string} message
 */
function asNanoError(cause, code, message) {
  return cause instanceof NanoError ? cause : new NanoError(code, message, { cause });
}
