import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../src/index.js';
import { Heartbeat } from '../src/heartbeat.js';
import { PacketType } from '../src/wire.js';
import { fakeWebSocket } from '../testkit/fake.js';

async function start(t, heartbeat) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { WebSocket, sockets } = fakeWebSocket();
  const client = new Client('ws://game.test', { WebSocket, reconnect: false });
  let ended;
  client.onState(({ state, error }) => { if (state === 'closed') ended = error; });
  client.connect();
  await sockets[0].welcome({ heartbeat });
  const socket = sockets[0];
  const beats = () => socket.types().filter((type) => type === PacketType.HEARTBEAT).length;
  return { client, socket, beats, tick: (ms) => t.mock.timers.tick(ms), ended: () => ended };
}

test('each heartbeat of the server is answered', async (t) => {
  const { client, socket, beats, tick } = await start(t, 10);
  socket.packet(PacketType.HEARTBEAT);
  assert.equal(beats(), 1);
  for (let i = 2; i <= 6; i++) {
    tick(10_000);
    socket.packet(PacketType.HEARTBEAT);
    assert.equal(beats(), i, 'one an interval, not two');
  }
  assert.equal(client.state, 'open');
});

test('without the server’s heartbeats the client sends its own every interval', async (t) => {
  const { client, socket, beats, tick } = await start(t, 10);
  tick(5_000);
  for (let i = 0; i < 6; i++) {
    socket.push('r', 1); // data is life, and no heartbeat
    tick(10_000);
  }
  assert.equal(beats(), 7);
  assert.equal(client.state, 'open');
});

test('two intervals of silence end the connection', async (t) => {
  const { client, socket, tick, ended } = await start(t, 0.5);
  tick(900);
  socket.push('r', 1);
  tick(999);
  assert.equal(client.state, 'open');
  tick(1);
  assert.equal(ended().code, 'lost');
  assert.ok(socket.closed);
});

for (const off of [0, -1, undefined, null, 'often']) {
  test(`heartbeat ${JSON.stringify(off)} is off`, async (t) => {
    const { client, socket, beats, tick } = await start(t, off);
    tick(10 ** 9);
    assert.equal(client.state, 'open');
    assert.equal(beats(), 0);
    socket.packet(PacketType.HEARTBEAT);
    assert.equal(beats(), 1);
  });
}

for (const strange of [1e-9, 1e300, Infinity]) {
  test(`an interval of ${strange} s does not make the timers spin`, (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    let sent = 0;
    const heartbeat = new Heartbeat(strange * 1000, () => sent++, () => {});
    heartbeat.start();
    t.mock.timers.tick(90);
    heartbeat.stop();
    assert.ok(sent <= 2, String(sent));
  });
}

test('after a sleep the other end gets one interval to be heard', (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  let wake;
  t.mock.method(globalThis, 'setTimeout', (fn) => { wake = fn; });
  const log = [];
  const heartbeat = new Heartbeat(1000, () => log.push('sent'), () => log.push('silent'));
  heartbeat.start();
  t.mock.timers.tick(3_600_000);
  wake();
  assert.deepEqual(log, ['sent']);
  t.mock.timers.tick(1000);
  wake();
  assert.deepEqual(log, ['sent', 'silent']);
});
