import { byID, el } from './dom.js';
import { avatar, hueOf, listOf } from './people.js';
import { isEmoji, richText } from './text.js';

/** @typedef {import('./log.js').Entry} Entry */

/** Messages of one person within this time stand together, in milliseconds. */
const TOGETHER = 5 * 60_000;
/** Scrolled up by less than this, in pixels, still counts as at the end. */
const NEAR_END = 80;

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

/** Shows a RoomLog. */
export class Timeline {
  #box = byID('timeline');
  #list = byID('messages');
  #jump = byID('jump');
  /** @type {Map<string, {node: HTMLElement, look: string}>} */
  #shown = new Map();
  #actions;
  #unseen = 0;
  #atEnd = true;

  /** @param {{retry: (entry: Entry) => void, discard: (entry: Entry) => void}} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#box.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener('click', () => this.toEnd());
    new ResizeObserver(() => this.#atEnd && this.toEnd('instant')).observe(this.#box);
  }

  /**
   * Brings the page in line with the entries. What has not changed is not touched: selections and
   * screen readers stay where they are.
   * @param {Entry[]} entries
   * @param {string} me whose messages are on the right
   * @param {{fresh?: boolean}} [options] fresh: another room, nothing is to be announced or animated
   */
  show(entries, me, { fresh = false } = {}) {
    const before = this.#shown;
    this.#shown = new Map();
    this.#list.setAttribute('aria-live', fresh ? 'off' : 'polite');
    const items = withDays(entries, me);
    let added = 0;
    let place = this.#list.firstElementChild;
    for (const item of items) {
      const old = before.get(item.key);
      const node = old?.node ?? el('div');
      if (old?.look !== item.look) this.#draw(node, item, !old && !fresh);
      if (!old && item.entry?.kind === 'message' && !item.own) added++;
      if (place === node) place = place.nextElementSibling;
      else this.#list.insertBefore(node, place);
      this.#shown.set(item.key, { node, look: item.look });
    }
    for (const [key, { node }] of before) if (!this.#shown.has(key)) node.remove();
    if (fresh || this.#atEnd) this.toEnd('instant');
    else this.#countUnseen(added);
  }

  /** @param {ScrollBehavior} [behavior] */
  toEnd(behavior = 'smooth') {
    this.#atEnd = true;
    this.#countUnseen(-this.#unseen);
    this.#box.scrollTo({ top: this.#box.scrollHeight, behavior });
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.#atEnd) this.#unseen = 0;
    this.#countUnseen(0);
  }

  /** @param {number} more */
  #countUnseen(more) {
    this.#unseen += more;
    this.#jump.hidden = this.#atEnd;
    byID('jump-text').textContent =
      this.#unseen === 0 ? 'Latest' : this.#unseen === 1 ? '1 new message' : `${this.#unseen} new messages`;
    this.#jump.classList.toggle('news', this.#unseen > 0);
  }

  /**
   * @param {HTMLElement} node
   * @param {Item} item
   * @param {boolean} animate
   */
  #draw(node, item, animate) {
    node.className = `${item.class}${animate ? ' enter' : ''}`;
    node.replaceChildren(...(item.entry?.kind === 'message' ? this.#message(item) : [item.text ?? '']));
  }

  /** @param {Item} item */
  #message({ entry, own, first }) {
    const { name = '', text = '', at, status } = /** @type {Entry} */ (entry);
    const bubble = el('div', { class: `bubble${isEmoji(text) ? ' emoji' : ''}`, title: full.format(at) }, ...richText(text));
    const who = el('span', { class: own ? 'hidden' : 'who' }, own ? 'You' : name);
    who.style.setProperty('--hue', String(hueOf(name)));
    const time = el('time', { datetime: new Date(at).toISOString() }, clock.format(at));
    return [
      own ? '' : first ? avatar(name) : el('span', { class: 'avatar-gap' }),
      el('div', { class: 'body' },
        el('div', { class: first ? 'head' : 'hidden' }, who, ' ', time),
        bubble,
        status && this.#status(/** @type {Entry} */ (entry))),
    ];
  }

  /** @param {Entry} entry */
  #status(entry) {
    if (entry.status === 'sending') return el('div', { class: 'status' }, 'Sending…');
    if (entry.status === 'waiting') return el('div', { class: 'status' }, 'Will be sent when you are back online');
    return el('div', { class: 'status failed' }, `Not sent: ${entry.error} `,
      el('button', { type: 'button', class: 'plain', onclick: () => this.#actions.retry(entry) }, 'Try again'),
      el('button', { type: 'button', class: 'plain', onclick: () => this.#actions.discard(entry) }, 'Delete'));
  }
}

/**
 * @typedef {object} Item what is drawn as one element
 * @property {string} key
 * @property {string} look changes when the element must be drawn again
 * @property {string} class
 * @property {string} [text]
 * @property {Entry} [entry]
 * @property {boolean} [own]
 * @property {boolean} [first] of messages that stand together
 */

/**
 * @param {Entry[]} entries
 * @param {string} me
 * @returns {Item[]}
 */
function withDays(entries, me) {
  /** @type {Item[]} */
  const items = [];
  entries.forEach((entry, i) => {
    const before = entries[i - 1];
    const date = new Date(entry.at).toDateString();
    if (!before || new Date(before.at).toDateString() !== date) {
      const text = dayName(entry.at);
      items.push({ key: `day ${date}`, look: text, class: 'day', text });
    }
    if (entry.kind === 'message') {
      const own = entry.name === me;
      const first = !together(before, entry);
      const last = !entries[i + 1] || !together(entry, entries[i + 1]);
      const classes = ['msg', own && 'own', first && 'first', last && 'last', entry.status && 'unsaid', entry.status];
      const look = classes.filter(Boolean).join(' ');
      items.push({ key: entry.key, look: `${look} ${entry.error} ${entry.at}`, class: look, entry, own, first });
    } else {
      const text = entry.kind === 'gap' ? 'There was more while you were away' : noticeText(entry);
      items.push({ key: entry.key, look: text, class: entry.kind, text, entry });
    }
  });
  return items;
}

/**
 * @param {Entry | undefined} a
 * @param {Entry} b
 */
function together(a, b) {
  return a?.kind === 'message' && b.kind === 'message' && a.name === b.name && b.at - a.at < TOGETHER &&
    new Date(a.at).toDateString() === new Date(b.at).toDateString();
}

/** @param {Entry} entry */
function noticeText({ joined = [], left = [] }) {
  const parts = [];
  if (joined.length > 0) parts.push(`${listOf(joined)} joined`);
  if (left.length > 0) parts.push(`${listOf(left)} left`);
  return parts.join(', ');
}

/** @param {number} at */
function dayName(at) {
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  const date = new Date(at).toDateString();
  if (date === today.toDateString()) return 'Today';
  return date === yesterday.toDateString() ? 'Yesterday' : day.format(at);
}
