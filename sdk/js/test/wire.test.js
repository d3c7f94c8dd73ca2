import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Dictionary } from '../src/dictionary.js';
import { NanoError } from '../src/errors.js';
import { inflate } from '../src/inflate.js';
import {
  MAX_BODY, MessageType, PacketReader, PacketType, encodeMessage, encodePacket, parseMessage, parsePacket,
} from '../src/wire.js';
import { concat, fromHex, randomFrom, toHex } from '../testkit/bytes.js';

const text = readFileSync(new URL('./vectors.json', import.meta.url), 'utf8');
const vectors = JSON.parse(text.replace(/("id": )(\d{16,})/g, '$1"$2"')); // past 2^53 as strings
const packetNames = Object.keys(PacketType).map((name) => name.toLowerCase());

const isProtocol = (error) => error instanceof NanoError && error.code === 'protocol';

async function decode(bytes, limit = MAX_BODY) {
  const found = parsePacket(bytes);
  assert.equal(found.size, bytes.length);
  if (found.packet.type !== PacketType.DATA) return { packet: found.packet };
  const message = parseMessage(found.packet.body);
  const payload = message.deflated ? await inflate(message.payload, limit) : message.payload;
  return { packet: found.packet, message, payload };
}

for (const vector of vectors.valid) {
  test(`golden: ${vector.name}`, async () => {
    const bytes = fromHex(vector.hex);
    const { packet, message, payload } = await decode(bytes);
    assert.equal(packetNames[packet.type - 1], vector.packet);
    assert.equal(toHex(encodePacket(packet.type, packet.body)), vector.hex);
    if (!message) return;

    assert.equal(message.type, MessageType[vector.type.toUpperCase()]);
    assert.equal(String(message.id), String(vector.id ?? 0));
    assert.equal(message.code, vector.code ?? 0);
    assert.equal(message.route, vector.route ?? '');
    assert.equal(message.isError, vector.error_bit ?? false);
    assert.equal(message.deflated, vector.deflated ?? false);
    assert.equal(toHex(payload), vector.payload ?? '');
    assert.equal(toHex(encodePacket(packet.type, encodeMessage(message, message.payload))), vector.hex);
  });
}

for (const vector of vectors.invalid) {
  test(`golden, invalid: ${vector.name}`, async () => {
    await assert.rejects(decode(fromHex(vector.hex)), isProtocol);
  });
}

test('a packet in the making is asked about its type and length as soon as they are there', () => {
  assert.equal(parsePacket(new Uint8Array(0)), null);
  assert.throws(() => parsePacket(Uint8Array.of(9)), isProtocol);
  assert.equal(parsePacket(Uint8Array.of(4, 0, 1, 0), 256), null);
  assert.throws(() => parsePacket(Uint8Array.of(4, 0, 1, 1), 256), isProtocol);
});

test('what does not fit is refused when writing', () => {
  const isBadRequest = (error) => error instanceof NanoError && error.code === 'bad-request';
  assert.throws(() => encodePacket(PacketType.DATA, new Uint8Array(MAX_BODY + 1)), isBadRequest);
  assert.throws(() => encodeMessage({ type: MessageType.NOTIFY, route: 'é'.repeat(128) }), isBadRequest);
});

test('route code 0 is refused: it would read as no code', () => {
  assert.throws(() => parseMessage(Uint8Array.of(0x07, 0, 0)), isProtocol);
});

test('messages come back as they went', () => {
  const random = randomFrom(7);
  const below = (n) => Math.floor(random() * n);
  for (let i = 0; i < 500; i++) {
    const type = below(4);
    const hasRoute = type !== MessageType.RESPONSE;
    const coded = hasRoute && random() < 0.5;
    const head = {
      type,
      id: type === MessageType.REQUEST || type === MessageType.RESPONSE ? below(2 ** (1 + below(53))) : 0,
      code: coded ? 1 + below(65535) : 0,
      route: hasRoute && !coded ? 'r/房é'.repeat(below(30)).slice(0, 80) : '',
      deflated: random() < 0.2,
      isError: random() < 0.2,
    };
    const payload = Uint8Array.from({ length: below(300) }, () => below(256));
    const { payload: back, ...rest } = parseMessage(encodeMessage(head, payload));
    assert.deepEqual(rest, head);
    assert.deepEqual(toHex(back), toHex(payload));
  }
});

test('a stream reads the same however it is cut', () => {
  const random = randomFrom(11);
  const below = (n) => Math.floor(random() * n);
  for (let round = 0; round < 200; round++) {
    const sent = Array.from({ length: 1 + below(12) }, () => ({
      type: 1 + below(5),
      body: Uint8Array.from({ length: random() < 0.3 ? 0 : below(200) }, () => below(256)),
    }));
    const stream = concat(sent.map(({ type, body }) => encodePacket(type, body)));
    const reader = new PacketReader();
    const received = [];
    for (let at = 0; at < stream.length; ) {
      const end = at + below(random() < 0.5 ? 4 : 150);
      reader.push(stream.slice(at, end));
      for (let packet; (packet = reader.next()); ) received.push(packet);
      at = Math.min(end, stream.length);
    }
    assert.deepEqual(received.map(plain), sent.map(plain));
    assert.equal(reader.next(), null);
  }
});

test('a large packet in small chunks is put together once', () => {
  const body = new Uint8Array(1 << 20).fill(7);
  const stream = encodePacket(PacketType.DATA, body);
  const reader = new PacketReader();
  const before = performance.now();
  let packet = null;
  for (let at = 0; at < stream.length; at += 64) {
    assert.equal(packet, null);
    reader.push(stream.subarray(at, at + 64));
    packet = reader.next();
  }
  assert.equal(packet.body.length, body.length);
  assert.ok(performance.now() - before < 2000, 'joining at every chunk would take much longer');
});

test('random bytes never do anything but parse or throw a protocol error', async () => {
  const random = randomFrom(13);
  for (let i = 0; i < 3000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 24) }, () => Math.floor(random() * 256));
    for (const parse of [parsePacket, parseMessage]) {
      try {
        parse(bytes);
      } catch (error) {
        assert.ok(isProtocol(error), String(error));
      }
    }
  }
});

test('inflating stops at the limit', async () => {
  const { message, payload } = await decode(fromHex(vectors.valid.find((v) => v.deflated).hex));
  assert.equal((await inflate(message.payload, payload.length)).length, payload.length);
  await assert.rejects(inflate(message.payload, payload.length - 1), isProtocol);
});

test('gzip is inflated too', async () => {
  const zipped = new Blob(['hello']).stream().pipeThrough(new CompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(zipped).arrayBuffer());
  assert.equal(new TextDecoder().decode(await inflate(bytes, 5)), 'hello');
});

test('a dictionary goes both ways and refuses codes that are none', () => {
  const dictionary = new Dictionary({ 'room.message': 1, onMessage: 65535 });
  assert.equal(dictionary.code('room.message'), 1);
  assert.equal(dictionary.code('other'), 0);
  assert.equal(dictionary.code('constructor'), 0);
  assert.equal(dictionary.route(65535), 'onMessage');
  assert.equal(dictionary.route(2), undefined);
  for (const bad of [{ a: 0 }, { a: 65536 }, { a: 1.5 }, { a: '1' }, { a: 1, b: 1 }]) {
    assert.throws(() => new Dictionary(bad), isProtocol);
  }
  for (const none of [undefined, null, {}, 'x']) assert.equal(new Dictionary(none).code('a'), 0);
});

function plain({ type, body }) {
  return { type, body: toHex(body) };
}
