/** The chat page: it joins a room, shows what is said there, and comes back by itself. */
import { Client } from '/nano/index.js';
import { Banner } from './banner.js';
import { Composer } from './composer.js';
import { byID, el, toast } from './dom.js';
import { JoinDialog } from './join.js';
import { RoomLog } from './log.js';
import { Sidebar } from './sidebar.js';
import { roomName, sentence } from './text.js';
import { Timeline } from './timeline.js';

/** @typedef {import('/nano/index.js').NanoError} NanoError */

const FULL_HISTORY = 50;

const client = new Client('/ws');
const banner = new Banner();
const sidebar = new Sidebar({ enter: (room) => goTo(room) });
const timeline = new Timeline({ retry: (entry) => transmit(entry), discard });
const composer = new Composer({ send: say, typing: tellTyping });
const dialog = new JoinDialog((room, name) => want(room, name));

/** Where the user wants to be; the connection follows it. @type {{room: string, name: string} | null} */
let wanted = null;
/** Where the server has let the user in; kept over a lost connection. @type {{room: string, name: string} | null} */
let seat = null;
/** Whether this connection has the seat. */
let joined = false;
let joins = 0;
let unread = 0;
/** @type {{name: string, people: number}[]} */
let rooms = [];
/** @type {string[]} */
let here = [];
/** Who was here before the connection was lost and is not yet: coming back is no news. @type {Set<string>} */
let back = new Set();
/** @type {Map<string, RoomLog>} */
const logs = new Map();

client.on('chat.message', (message) => {
  if (!seat) return;
  composer.stopped(message.name);
  if (logOf(seat.room).say(message) && document.hidden) unread++;
  show();
});
client.on('chat.presence', ({ people, ...change }) => {
  if (!seat) return;
  if (!back.delete(change.joined)) logOf(seat.room).note(change);
  here = people;
  sidebar.showPeople(people, seat.name);
  if (change.left) composer.stopped(change.left);
  show();
});
client.on('chat.rooms', (list) => {
  rooms = list;
  sidebar.showRooms(rooms, seat?.room ?? '');
});
client.on('chat.typing', ({ name }) => name !== seat?.name && composer.typing(name));

client.onState(({ state, error, attempt, retryIn }) => {
  joined = false;
  setOwnState(state);
  if (state === 'open') {
    banner.hide();
    join();
  } else if (state === 'lost' && Number(retryIn) > 1500) {
    const text = error?.code === 'shutdown' ? 'The server is restarting.' : 'Connection lost.';
    banner.show(text, { kind: 'lost', wait: retryIn, action: 'Retry now', act: () => client.retry() });
  } else if (state === 'lost' || (state === 'connecting' && (attempt > 0 || seat))) {
    banner.show('Reconnecting…');
  } else if (state === 'closed') {
    const text = error?.code === 'replaced' ? 'The chat goes on in another window.' : `Disconnected: ${error?.message}.`;
    banner.show(text, { kind: 'bad', action: 'Connect again', act: () => client.connect() });
  }
});

/**
 * @param {string} room
 * @param {string} name
 */
function want(room, name) {
  wanted = { room, name };
  join();
}

/** Asks the server for what is wanted. The last one asked for counts. */
async function join() {
  if (!wanted || client.state !== 'open') return;
  const ask = wanted;
  const turn = ++joins;
  if (ask.room !== seat?.room) joined = false; // what is sent from now on would be said in the other room
  try {
    const reply = await client.request('chat.join', ask);
    if (turn === joins) entered(reply);
  } catch (error) {
    if (turn === joins) refused(ask, /** @type {NanoError} */ (error));
  }
}

/** @param {{room: string, name: string, people: string[], history: import('./log.js').Message[], rooms: typeof rooms}} reply */
function entered({ room, name, people, history, rooms: list }) {
  const fresh = seat?.room !== room;
  back = new Set(fresh ? [] : here.filter((other) => !people.includes(other)));
  here = people;
  wanted = seat = { room, name };
  joined = true;
  rooms = list;
  remember(seat);
  const log = logOf(room);
  log.merge(history, history.length >= FULL_HISTORY);
  sidebar.showMe(name);
  sidebar.showRooms(rooms, room);
  sidebar.showPeople(people, name);
  byID('room-name').textContent = room;
  if (fresh) {
    sidebar.toggle(false);
    composer.setRoom(room);
  }
  banner.hide();
  show({ fresh });
  for (const entry of log.unsaid) if (entry.status !== 'failed') transmit(entry);
}

/**
 * @param {{room: string, name: string}} ask
 * @param {NanoError} error
 */
function refused(ask, error) {
  if (client.state !== 'open') return; // it is asked again when the connection is back
  if (error.code === 'bad-name') {
    wanted = seat;
    return dialog.open({ ...ask, first: !seat, error: sentence(error.message) });
  }
  if (seat && seat.room !== ask.room) {
    wanted = seat;
    history.replaceState(null, '', `#${encodeURIComponent(seat.room)}`);
    if (!joined) join();
    return toast(sentence(error.message));
  }
  banner.show(`Could not join #${ask.room}: ${error.message}.`, { kind: 'bad', action: 'Try again', act: join });
}

/** @param {string} text */
function say(text) {
  if (!seat) return;
  const entry = logOf(seat.room).draft({ name: seat.name, text, nonce: newNonce() });
  timeline.toEnd('instant');
  transmit(entry);
}

/**
 * Sends a message, or leaves it until the room is joined again: if the server had it after all, it is in the
 * room's history then; if not, it is sent again, and the nonce sees to it that it is said once.
 * @param {import('./log.js').Entry} entry
 */
async function transmit(entry) {
  const room = /** @type {{room: string}} */ (seat).room;
  entry.status = joined ? 'sending' : 'waiting';
  show();
  if (!joined) return;
  try {
    logOf(room).say(await client.request('chat.send', { text: entry.text, nonce: entry.nonce }));
  } catch (error) {
    const again = client.state !== 'open' || !joined;
    entry.status = again ? 'waiting' : 'failed';
    entry.error = /** @type {NanoError} */ (error).message;
  }
  show();
}

/** @param {import('./log.js').Entry} entry */
function discard(entry) {
  if (seat) logOf(seat.room).discard(entry);
  show();
}

function tellTyping() {
  if (joined) client.notify('chat.typing');
}

/** @param {{fresh?: boolean}} [options] */
function show(options) {
  if (!seat) return;
  const { entries } = logOf(seat.room);
  timeline.show(entries, seat.name, options);
  showEmpty(entries.some(({ kind }) => kind === 'message') ? '' : seat.room);
  document.title = `${unread > 0 ? `(${unread}) ` : ''}#${seat.room} · nano chat`;
}

/** @param {string} room none: the room is not empty */
function showEmpty(room) {
  const node = byID('empty');
  node.hidden = !room;
  if (!room || node.dataset.room === room) return;
  node.dataset.room = room;
  node.replaceChildren(
    el('div', { class: 'empty-mark', 'aria-hidden': 'true' }, '#'),
    el('h2', {}, `This is the beginning of #${room}`),
    el('p', {}, 'Nobody has said anything yet. Say hello, or open this page in a second tab and talk to yourself.'),
    el('button', { type: 'button', class: 'soft', onclick: invite }, 'Copy a link to this room'));
}

/** @param {string} room */
function goTo(room) {
  const hash = `#${encodeURIComponent(room)}`;
  if (location.hash === hash) enterFromHash();
  else location.hash = hash;
}

function enterFromHash() {
  const room = roomInHash();
  if (!room || !wanted) return;
  sidebar.toggle(false);
  if (room !== wanted.room) want(room, wanted.name);
}

function roomInHash() {
  try {
    return roomName(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return '';
  }
}

async function invite() {
  try {
    await navigator.clipboard.writeText(location.href);
    toast('Link copied');
  } catch {
    toast('Share the address of this page'); // the clipboard is there for secure pages only
  }
}

/** @param {import('/nano/client.js').State} state */
function setOwnState(state) {
  const texts = { idle: '', connecting: 'Connecting', open: 'Online', lost: 'Offline', closed: 'Offline' };
  byID('me-state').dataset.state = state;
  byID('me-state').textContent = texts[state];
  document.body.classList.toggle('offline', state !== 'open');
}

/** @param {string} room */
function logOf(room) {
  const log = logs.get(room) ?? new RoomLog();
  logs.set(room, log);
  return log;
}

/** The nickname is this tab's; a new tab suggests the last one. @param {{room: string, name: string}} at */
function remember({ room, name }) {
  sessionStorage.setItem('nano-chat-name', name);
  localStorage.setItem('nano-chat-name', name);
  localStorage.setItem('nano-chat-room', room);
  if (roomInHash() !== room) history.replaceState(null, '', `#${encodeURIComponent(room)}`);
}

/** crypto.randomUUID is there for secure pages only. */
function newNonce() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('');
}

function start() {
  const room = roomInHash() || localStorage.getItem('nano-chat-room') || 'general';
  const name = sessionStorage.getItem('nano-chat-name');
  byID('room-name').textContent = room;
  if (name) want(room, name);
  else dialog.open({ room, name: localStorage.getItem('nano-chat-name') ?? '', first: true });
  client.connect();
}

addEventListener('hashchange', enterFromHash);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  unread = 0;
  show();
});
byID('invite').addEventListener('click', invite);
byID('skip').addEventListener('click', (event) => {
  event.preventDefault(); // the hash is the room's
  byID('text').focus();
});
byID('rename').addEventListener('click', () => {
  if (seat) dialog.open({ ...seat, first: false });
});
start();
