import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff } from '../src/backoff.js';
import { Client } from '../src/index.js';
import { MessageType, PacketType, encodeMessage, encodePacket } from '../src/wire.js';
import { randomFrom, toJSON } from '../testkit/bytes.js';
import { fakeWebSocket, settle } from '../testkit/fake.js';

/** Fake time, no jitter, a client that has not connected yet. */
function prepare(t, options = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  t.mock.method(Math, 'random', () => 1);
  const { WebSocket, sockets } = fakeWebSocket();
  const client = new Client('ws://game.test', { WebSocket, reconnect: { min: 100, max: 1000 }, ...options });
  const events = [];
  client.onState((event) => events.push(event));
  const states = () => events.map(({ state }) => state).join(' ');
  return { client, sockets, events, states, tick: (ms) => t.mock.timers.tick(ms) };
}

test('the pause doubles up to its bound, and jitter spreads it', () => {
  const bounds = { min: 500, max: 15_000 };
  assert.deepEqual([0, 1, 2, 5, 1e9].map((n) => backoff(n, bounds, () => 1)), [500, 1000, 2000, 15000, 15000]);
  const random = randomFrom(3);
  const pauses = Array.from({ length: 1000 }, () => backoff(3, bounds, random));
  assert.ok(Math.min(...pauses) >= 400 && Math.max(...pauses) <= 4000);
  assert.ok(new Set(pauses).size > 500);
});

test('a lost connection comes back', async (t) => {
  const { client, sockets, events, states, tick } = prepare(t);
  client.connect();
  await sockets[0].welcome();
  const answer = client.request('a.b');
  tick(60_000);
  await assert.rejects(answer, { code: 'timeout' });
  sockets[0].drop(1006, 'gone');
  assert.equal(client.state, 'lost');
  assert.deepEqual([events[2].error.message, events[2].retryIn, events[2].attempt], ['gone', 100, 1]);
  tick(99);
  assert.equal(sockets.length, 1);
  tick(1);
  await sockets[1].welcome();
  assert.equal(states(), 'connecting open lost connecting open');
  assert.equal(events[4].reconnected, true);
  client.notify('a.b');
  assert.equal(sockets[1].messages().length, 1);
});

test('failures in a row wait longer; a connection that holds resets that', async (t) => {
  const { client, sockets, events, tick } = prepare(t);
  client.connect();
  const failOnce = (pause) => {
    sockets.at(-1).drop();
    assert.equal(events.at(-1).retryIn, pause);
    tick(pause);
  };
  [100, 200, 400, 800, 1000, 1000].forEach(failOnce);
  await sockets.at(-1).welcome();
  failOnce(1000); // open, but only just
  await sockets.at(-1).welcome();
  tick(5000);
  failOnce(100);
});

test('the first connection is tried again too, and connect waits for it', async (t) => {
  const { client, sockets, tick } = prepare(t);
  const connected = client.connect();
  assert.equal(client.connect(), connected);
  sockets[0].drop();
  tick(100);
  await sockets[1].welcome();
  await connected;
});

test('retry does not wait; close ends the waiting', async (t) => {
  const { client, sockets, states, tick } = prepare(t);
  client.connect();
  sockets[0].drop();
  client.retry();
  client.retry();
  assert.equal(sockets.length, 2);
  sockets[1].drop();
  client.close();
  tick(60_000);
  assert.equal(sockets.length, 2);
  assert.equal(states(), 'connecting lost connecting lost closed');
});

test('the network coming back cuts the waiting short', async (t) => {
  const page = new EventTarget();
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.removeEventListener = page.removeEventListener.bind(page);
  t.after(() => {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  });
  const { client, sockets } = prepare(t);
  client.connect();
  sockets[0].drop();
  page.dispatchEvent(new Event('online'));
  assert.equal(sockets.length, 2);
  page.dispatchEvent(new Event('online'));
  assert.equal(sockets.length, 2);
});

for (const code of ['slow', 'shutdown', 'timeout']) {
  test(`after the kick ${code} the client comes back`, async (t) => {
    const { client, sockets, events, tick } = prepare(t);
    client.connect();
    await sockets[0].welcome();
    sockets[0].kick({ code, reason: 'because' });
    assert.deepEqual([client.state, events[2].error.code, events[2].error.message], ['lost', code, 'because']);
    tick(100);
    assert.equal(sockets.length, 2);
  });
}

for (const body of [
  { code: 'kicked', reason: 'bye' }, { code: 'banned' }, { code: 'replaced' }, { code: 'protocol' },
  { code: 'resumed-elsewhere' }, { code: 'an-application’s' }, {}, null, [], { code: 7 },
]) {
  test(`the kick ${JSON.stringify(body)} is final`, async (t) => {
    const { client, sockets, events, tick } = prepare(t);
    client.connect();
    await sockets[0].welcome();
    const answer = client.request('a.b');
    sockets[0].kick(body);
    await assert.rejects(answer, { code: 'lost', outcomeUnknown: true });
    tick(60_000);
    assert.deepEqual([client.state, sockets.length, sockets[0].closed], ['closed', 1, true]);
    assert.equal(events.at(-1).error.code, typeof body?.code === 'string' ? body.code : 'kicked');
  });
}

test('a kick without JSON is a kick', async (t) => {
  const { client, sockets, events } = prepare(t);
  client.connect();
  await sockets[0].welcome();
  sockets[0].packet(PacketType.KICK);
  assert.equal(events.at(-1).error.code, 'kicked');
});

for (const [status, code] of [[400, 'refused'], [500, 'refused'], [501, 'client-too-old']]) {
  test(`a handshake refused with ${status} is final`, async (t) => {
    const { client, sockets, tick } = prepare(t);
    const connected = client.connect();
    await sockets[0].open();
    sockets[0].packet(PacketType.HANDSHAKE, toJSON({ code: status, msg: 'no entry' }));
    await assert.rejects(connected, { code, message: 'no entry', metadata: { status: String(status) } });
    tick(60_000);
    assert.deepEqual([client.state, sockets.length, sockets[0].closed], ['closed', 1, true]);
  });
}

test('a closed client may connect again', async (t) => {
  const { client, sockets } = prepare(t);
  client.connect();
  await sockets[0].welcome();
  sockets[0].kick({ code: 'replaced' });
  const again = client.connect();
  await sockets[1].welcome();
  await again;
  assert.equal(client.state, 'open');
});

test('a handshake that nobody answers times out', async (t) => {
  const { client, sockets, events, tick } = prepare(t, { openTimeout: 2000 });
  client.connect();
  await sockets[0].open();
  tick(2000);
  assert.deepEqual([client.state, events.at(-1).error.code, sockets[0].closed], ['lost', 'timeout', true]);
});

test('a user function that fails is tried again with the next connection', async (t) => {
  let calls = 0;
  const user = async () => {
    if (++calls === 1) throw new Error('no token yet');
    return { token: calls };
  };
  const { client, sockets, events, tick } = prepare(t, { user });
  client.connect();
  await sockets[0].open();
  assert.equal(events.at(-1).error.cause.message, 'no token yet');
  tick(100);
  await sockets[1].welcome();
  assert.equal(client.state, 'open');
});

test('bytes of a bad server close the client for good, without an exception', async (t) => {
  const data = (head, payload) => encodePacket(PacketType.DATA, encodeMessage(head, payload));
  const bad = {
    'unknown packet': Uint8Array.of(9),
    'ack from a server': encodePacket(PacketType.ACK),
    'empty message': encodePacket(PacketType.DATA),
    'request from a server': data({ type: MessageType.REQUEST, id: 1, route: 'r' }),
    'notify from a server': data({ type: MessageType.NOTIFY, route: 'r' }),
    'unknown route code': data({ type: MessageType.PUSH, code: 9 }),
    'not deflated': data({ type: MessageType.PUSH, route: 'r', deflated: true }, toJSON('nonsense')),
    'over the limit': Uint8Array.of(4, 1, 0, 0),
  };
  const { WebSocket, sockets } = fakeWebSocket();
  for (const [name, bytes] of Object.entries(bad)) {
    await t.test(name, async () => {
      const client = new Client('ws://game.test', { WebSocket, limit: 1000 });
      const closed = new Promise((resolve) => {
        client.onState(({ state, error }) => state === 'closed' && resolve(error));
      });
      client.connect();
      await sockets.at(-1).welcome();
      sockets.at(-1).bytes(bytes);
      assert.equal((await closed).code, 'protocol');
      assert.ok(sockets.at(-1).closed);
    });
  }
});

test('a bad handshake closes the client for good', async (t) => {
  const { WebSocket, sockets } = fakeWebSocket();
  const replies = { 'no JSON': Uint8Array.of(0x7b), 'a bad dictionary': toJSON({ code: 200, sys: { dict: { a: 0 } } }) };
  for (const [name, reply] of Object.entries(replies)) {
    await t.test(name, async () => {
      const client = new Client('ws://game.test', { WebSocket });
      const connected = client.connect();
      await sockets.at(-1).open();
      sockets.at(-1).packet(PacketType.HANDSHAKE, reply);
      await assert.rejects(connected, { code: 'protocol' });
    });
  }
});

test('text, and data before the handshake, break the protocol', async () => {
  for (const spoil of [
    (socket) => socket.onmessage({ data: 'hello' }),
    (socket) => socket.push('r', 1),
  ]) {
    const { WebSocket, sockets } = fakeWebSocket();
    const connected = new Client('ws://game.test', { WebSocket }).connect();
    await sockets[0].open();
    spoil(sockets[0]);
    await assert.rejects(connected, { code: 'protocol' });
  }
});

test('a second handshake reply is passed over, and so is an early heartbeat', async (t) => {
  const { client, sockets } = prepare(t);
  client.connect();
  await sockets[0].open();
  sockets[0].packet(PacketType.HEARTBEAT);
  sockets[0].packet(PacketType.HANDSHAKE, toJSON({ code: 200 }));
  sockets[0].packet(PacketType.HANDSHAKE, toJSON({ code: 500 }));
  await settle();
  assert.equal(client.state, 'open');
  assert.deepEqual(sockets[0].types(), [PacketType.HANDSHAKE, PacketType.ACK]);
});
