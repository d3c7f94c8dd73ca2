import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Client, NanoError, VERSION } from '../src/index.js';
import { MessageType, PacketType, encodeMessage, encodePacket } from '../src/wire.js';
import { concat, fromHex, toJSON } from '../testkit/bytes.js';
import { fakeWebSocket, settle } from '../testkit/fake.js';

/** A client whose connection stands, unless told otherwise. */
async function start({ sys, rest, open = true, ...options } = {}) {
  const { WebSocket, sockets } = fakeWebSocket();
  const errors = [];
  const events = [];
  const client = new Client('ws://game.test/ws', {
    WebSocket, reconnect: false, onError: (error) => errors.push(error), ...options,
  });
  client.onState((event) => events.push(event));
  const connected = client.connect();
  const socket = sockets[0];
  if (open) {
    await socket.welcome(sys, rest);
    await connected;
  }
  return { client, connected, socket, sockets, errors, events };
}

const failure = (code, details = {}) => (error) => {
  assert.ok(error instanceof NanoError, String(error));
  assert.equal(error.code, code);
  for (const [key, value] of Object.entries(details)) assert.deepEqual(error[key], value, key);
  return true;
};

test('the handshake says who it is and brings the user', async () => {
  const { socket, events, connected } = await start({
    user: async () => ({ token: 't1' }), rest: { user: { level: 3 } },
  });
  assert.equal(socket.url, 'ws://game.test/ws');
  assert.deepEqual(JSON.parse(new TextDecoder().decode(socket.packets[0].body)), {
    sys: { type: 'js-websocket', version: VERSION },
    user: { token: 't1' },
  });
  assert.deepEqual(socket.types(), [PacketType.HANDSHAKE, PacketType.ACK]);
  assert.deepEqual(events.map(({ state }) => state), ['connecting', 'open']);
  assert.deepEqual(events[1], { state: 'open', attempt: 0, reconnected: false, user: { level: 3 } });
  await connected;
});

test('the package and the handshake agree about the version', () => {
  assert.equal(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version, VERSION);
});

test('requests are answered by id, in any order', async () => {
  const { client, socket } = await start();
  const first = client.request('room.join', { name: 'ann' });
  const second = client.request('房间.加入');
  assert.deepEqual(socket.messages().map(({ type, id, route, data }) => ({ type, id, route, data })), [
    { type: MessageType.REQUEST, id: 1, route: 'room.join', data: { name: 'ann' } },
    { type: MessageType.REQUEST, id: 2, route: '房间.加入', data: {} },
  ]);
  socket.respond(2, 'two');
  socket.respond(1, { one: 1 });
  socket.respond(1, 'a second answer is passed over');
  assert.deepEqual(await first, { one: 1 });
  assert.equal(await second, 'two');
});

test('an empty answer is null', async () => {
  const { client, socket } = await start();
  const answer = client.request('a.b');
  socket.respond(1, new Uint8Array(0));
  assert.equal(await answer, null);
});

test('a notify has no id, and undefined goes out as an empty object', async () => {
  const { client, socket } = await start();
  client.notify('room.leave');
  const [{ type, id, data }] = socket.messages();
  assert.deepEqual({ type, id, data }, { type: MessageType.NOTIFY, id: 0, data: {} });
});

test('an error answer rejects with its code, message and metadata', async () => {
  const { client, socket } = await start();
  const answer = client.request('room.join');
  socket.respond(1, { code: 'not-found', msg: 'no such route', metadata: { route: 'room.join', n: 1 } }, true);
  await assert.rejects(answer, failure('not-found', {
    message: 'no such route', metadata: { route: 'room.join' }, outcomeUnknown: false,
  }));
});

test('an error answer that nobody can read is still an error', async () => {
  const { client, socket } = await start();
  const bodies = [new Uint8Array(0), Uint8Array.of(1, 2, 3), toJSON(null), toJSON([]), toJSON({ code: 5 })];
  for (const [i, body] of bodies.entries()) {
    const answer = client.request('a.b');
    socket.respond(i + 1, body, true);
    await assert.rejects(answer, failure('internal'));
  }
});

test('unavailable leaves the outcome open', async () => {
  const { client, socket } = await start();
  const answer = client.request('a.b');
  socket.respond(1, { code: 'unavailable', msg: 'the node is gone' }, true);
  await assert.rejects(answer, failure('unavailable', { outcomeUnknown: true }));
});

test('route codes go both ways', async () => {
  const { client, socket } = await start({ sys: { dict: { 'room.join': 258, 'room.message': 1 } } });
  const pushes = [];
  client.on('room.message', (data) => pushes.push(data));
  client.notify('room.join', 1);
  client.notify('room.other', 2);
  assert.deepEqual(socket.messages().map(({ code, route }) => ({ code, route })), [
    { code: 258, route: '' }, { code: 0, route: 'room.other' },
  ]);
  socket.message({ type: MessageType.PUSH, code: 1 }, 'coded');
  socket.push('room.message', 'named');
  assert.deepEqual(pushes, ['coded', 'named']);
});

test('listeners: several, the same one twice, until unsubscribed, alone with their errors', async () => {
  const { client, socket, errors } = await start();
  const seen = [];
  const listener = (data) => seen.push(data);
  client.on('r', () => { throw new Error('mine'); });
  const off = client.on('r', listener);
  client.on('r', listener);
  socket.push('r', 1);
  off();
  off();
  socket.push('r', 2);
  socket.push('nobody', 3);
  assert.deepEqual(seen, [1, 1, 2]);
  assert.deepEqual(errors.map(({ message }) => message), ['mine', 'mine']);
  assert.equal(client.state, 'open');
});

test('a push that cannot be read is reported and the connection lives on', async () => {
  const { client, socket, errors } = await start();
  socket.push('r', Uint8Array.of(0x7b));
  assert.ok(failure('bad-payload')(errors[0]));
  const answer = client.request('a.b');
  socket.respond(1, Uint8Array.of(0x7b));
  await assert.rejects(answer, failure('bad-payload'));
  assert.equal(client.state, 'open');
});

test('packets in one message, and one packet over several', async () => {
  const { client, socket } = await start();
  const seen = [];
  client.on('r', (data) => seen.push(data));
  const push = (n) => encodePacket(PacketType.DATA, encodeMessage({ type: MessageType.PUSH, route: 'r' }, toJSON(n)));
  const stream = concat([push(1), encodePacket(PacketType.HEARTBEAT), push(2), push(3)]);
  socket.bytes(stream);
  for (const byte of stream) socket.bytes(Uint8Array.of(byte));
  socket.bytes(new Uint8Array(0));
  assert.deepEqual(seen, [1, 2, 3, 1, 2, 3]);
});

test('a deflated push is inflated, and what follows it waits', async () => {
  const vectors = JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8'));
  const seen = [];
  const codec = { encode: toJSON, decode: (bytes) => new TextDecoder().decode(bytes) };
  const { client, socket } = await start({ codec });
  const both = new Promise((resolve) => {
    client.on('onState', (data) => seen.push(data.slice(0, 8)));
    client.on('after', (data) => resolve(seen.push(data)));
  });
  socket.bytes(fromHex(vectors.valid.find(({ deflated }) => deflated).hex));
  socket.push('after', 1);
  assert.deepEqual(seen, []);
  await both;
  assert.deepEqual(seen, ['abcdefgh', '1']);
});

test('what was sent behind an answer is seen after the code that awaited it', async () => {
  const { client, socket, events } = await start();
  const seen = [];
  client.on('r', (data) => seen.push(data));
  client.onState(({ state }) => seen.push(state));
  const wrapped = async () => client.request('a.b');
  const join = async () => seen.push(await wrapped());
  const joined = join();
  const data = (head, value) => encodePacket(PacketType.DATA, encodeMessage(head, toJSON(value)));
  socket.bytes(concat([
    data({ type: MessageType.RESPONSE, id: 1 }, 'answer'),
    data({ type: MessageType.PUSH, route: 'r' }, 'push'),
    encodePacket(PacketType.KICK, toJSON({ code: 'replaced' })),
  ]));
  socket.drop();
  await joined;
  await settle();
  assert.deepEqual(seen, ['answer', 'push', 'closed']);
  assert.equal(events.at(-1).error.code, 'replaced');
});

test('an answer right before the end of the connection counts', async () => {
  const { client, socket } = await start();
  const answer = client.request('a.b');
  const other = client.request('a.b');
  socket.respond(1, 'in time');
  socket.drop();
  assert.equal(await answer, 'in time');
  await assert.rejects(other, failure('lost', { outcomeUnknown: true }));
});

test('a request that waits too long ends, and its late answer is passed over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { client, socket } = await start({ timeout: 300 });
  const usual = client.request('a.b');
  const short = client.request('a.b', null, { timeout: 100 });
  const never = client.request('a.b', null, { timeout: 0 });
  t.mock.timers.tick(100);
  await assert.rejects(short, failure('timeout', { outcomeUnknown: true }));
  t.mock.timers.tick(200);
  await assert.rejects(usual, failure('timeout'));
  t.mock.timers.tick(100_000);
  for (const id of [1, 2, 3]) socket.respond(id, id);
  assert.equal(await never, 3);
});

test('a request is given up by its signal', async () => {
  const { client, socket } = await start();
  const controller = new AbortController();
  const sent = client.request('a.b', null, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(sent, failure('canceled', { outcomeUnknown: true, cause: controller.signal.reason }));
  const unsent = client.request('a.b', null, { signal: controller.signal });
  await assert.rejects(unsent, failure('canceled', { outcomeUnknown: false }));
  assert.equal(socket.messages().length, 1);

  const expired = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
  await assert.rejects(client.request('a.b', null, { signal: expired }), failure('timeout'));
});

test('without a connection nothing is sent', async () => {
  const { client } = await start({ open: false });
  await assert.rejects(client.request('a.b'), failure('not-open', { outcomeUnknown: false }));
  assert.throws(() => client.notify('a.b'), failure('not-open'));
  client.close();
});

test('what cannot be encoded is refused and nothing stays behind', async () => {
  const { client, socket } = await start();
  await assert.rejects(client.request('a.b', 1n), failure('bad-request'));
  await assert.rejects(client.request('r'.repeat(256)), failure('bad-request'));
  assert.throws(() => client.notify('a.b', 1n), failure('bad-request'));
  assert.equal(socket.messages().length, 0);
});

test('requests under way end with an unknown outcome when the connection does', async () => {
  const { client, socket, events } = await start();
  const answer = client.request('shop.buy');
  socket.drop(1006);
  await assert.rejects(answer, failure('lost', { outcomeUnknown: true }));
  assert.equal(client.state, 'closed');
  assert.deepEqual(events.at(-1).error.metadata, { closeCode: '1006' });
});

test('close ends requests and the socket', async () => {
  const { client, socket, events } = await start();
  const answer = client.request('a.b');
  client.close();
  client.close();
  await assert.rejects(answer, failure('lost'));
  assert.ok(socket.closed);
  assert.deepEqual(events.map(({ state }) => state), ['connecting', 'open', 'closed']);
  assert.ok(failure('closed')(events[2].error));
});

test('closing while connecting rejects connect', async () => {
  const { client, connected, socket } = await start({ open: false });
  client.close();
  await assert.rejects(connected, failure('closed'));
  await socket.open();
  assert.deepEqual(socket.packets, []);
});

test('a bad address closes the client with an error', async () => {
  const client = new Client('/ws'); // no page to be relative to
  await assert.rejects(client.connect(), failure('bad-request'));
  assert.equal(client.state, 'closed');
});

test('a watcher may act; every watcher sees all events in order', async () => {
  const { client, socket, errors } = await start();
  const seen = [];
  const rebel = client.onState(({ state }) => { if (state === 'closed') client.connect(); });
  client.onState(({ state }) => seen.push(state));
  const off = client.onState(() => { throw new Error('mine'); });
  socket.drop();
  off();
  assert.deepEqual(seen, ['closed', 'connecting']);
  assert.deepEqual(errors.map(({ message }) => message), ['mine', 'mine']);
  rebel();
  client.close();
});
