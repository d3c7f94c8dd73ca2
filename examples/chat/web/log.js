/**
 * @typedef {object} Message as the server sends it
 * @property {number} id
 * @property {number} at
 * @property {string} name
 * @property {string} text
 * @property {string} nonce
 */

/**
 * @typedef {object} Entry one line of a room
 * @property {string} key never changes
 * @property {'message' | 'notice' | 'gap'} kind
 * @property {number} at
 * @property {number} [id] message: what the server has called it; absent: it is not said yet
 * @property {string} [name]
 * @property {string} [text]
 * @property {string} [nonce]
 * @property {'sending' | 'waiting' | 'failed'} [status] message: of one that is not said yet
 * @property {string} [error] failed: why
 * @property {string[]} [joined] notice
 * @property {string[]} [left] notice
 */

const MAX_ENTRIES = 400;

let keys = 0;

/** What is known of one room's conversation, in order; what is not said yet comes last. */
export class RoomLog {
  /** @type {Entry[]} */
  entries = [];

  /** @returns {Entry[]} */
  get unsaid() {
    return this.entries.filter((entry) => entry.kind === 'message' && entry.id === undefined);
  }

  get lastID() {
    return this.entries.reduce((last, { id }) => Math.max(last, id ?? 0), 0);
  }

  /**
   * Takes in the room's last messages, known or not.
   * @param {Message[]} history
   * @param {boolean} full there may be more before it
   */
  merge(history, full) {
    const last = this.lastID;
    if (full && last > 0 && history[0].id > last) this.#insert({ key: newKey(), kind: 'gap', at: history[0].at });
    for (const message of history) this.say(message);
  }

  /**
   * @param {Message} message
   * @returns {boolean} whether it is new here
   */
  say(message) {
    if (this.entries.some(({ id }) => id === message.id)) return false;
    const mine = this.unsaid.find(({ nonce }) => nonce && nonce === message.nonce);
    if (mine) this.entries.splice(this.entries.indexOf(mine), 1);
    this.#insert({ ...message, kind: 'message', key: mine?.key ?? newKey() });
    return !mine;
  }

  /**
   * Something that is to be said.
   * @param {{name: string, text: string, nonce: string}} draft
   * @returns {Entry}
   */
  draft(draft) {
    /** @type {Entry} */
    const entry = { ...draft, kind: 'message', key: newKey(), at: Date.now(), status: 'waiting' };
    this.entries.push(entry);
    return entry;
  }

  /** @param {Entry} entry */
  discard(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
  }

  /**
   * Somebody came or went. Notices that follow each other are one, and who went and came back in the
   * same one was never gone: that was a reload.
   * @param {{joined?: string, left?: string}} change
   */
  note({ joined, left }) {
    const said = this.entries.filter((entry) => !entry.status);
    const last = said[said.length - 1];
    const old = last?.kind === 'notice' ? last : { joined: [], left: [] };
    const fresh = { joined: [...(old.joined ?? [])], left: [...(old.left ?? [])] };
    if (joined) move(joined, fresh.left, fresh.joined);
    if (left) move(left, fresh.joined, fresh.left);
    if (last?.kind === 'notice') this.discard(last);
    if (fresh.joined.length + fresh.left.length === 0) return;
    this.#insert({ ...fresh, key: newKey(), kind: 'notice', at: Date.now() });
  }

  /** @param {Entry} entry */
  #insert(entry) {
    const later = (/** @type {Entry} */ other) =>
      other.kind === 'message' && (other.id === undefined || (entry.id !== undefined && other.id > entry.id));
    const at = this.entries.findIndex(later);
    this.entries.splice(at < 0 ? this.entries.length : at, 0, entry);
    if (this.entries.length > MAX_ENTRIES) this.entries.shift();
  }
}

/**
 * @param {string} name
 * @param {string[]} from
 * @param {string[]} to gets the name if from did not have it
 */
function move(name, from, to) {
  const at = from.indexOf(name);
  if (at >= 0) from.splice(at, 1);
  else if (!to.includes(name)) to.push(name);
}

function newKey() {
  return `e${++keys}`;
}
