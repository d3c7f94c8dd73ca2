import { byID } from './dom.js';
import { listOf } from './people.js';

const MAX_TEXT = 2000;
const SHOW_COUNTER = 1800;
/** How often others are told that one is writing, and for how long that holds, in milliseconds. */
const TELL_TYPING = 2500;
const TYPING_HOLDS = 4000;

/** The field at the bottom, and the line that says who else is writing. */
export class Composer {
  #text = /** @type {HTMLTextAreaElement} */ (byID('text'));
  #send = /** @type {HTMLButtonElement} */ (byID('send'));
  #told = 0;
  /** @type {Map<string, number>} name → timer that forgets it */
  #typing = new Map();
  #actions;

  /** @param {{send: (text: string) => void, typing: () => void}} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#text.addEventListener('input', () => this.#changed());
    this.#text.addEventListener('keydown', (event) => {
      const phone = matchMedia('(pointer: coarse)').matches;
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || phone) return;
      event.preventDefault();
      this.#submit();
    });
    byID('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#refresh();
  }

  /** @param {string} room */
  setRoom(room) {
    this.#text.placeholder = `Message #${room}`;
    for (const name of [...this.#typing.keys()]) this.stopped(name);
    if (matchMedia('(pointer: fine)').matches) this.#text.focus();
  }

  /** @param {string} name is writing */
  typing(name) {
    clearTimeout(this.#typing.get(name));
    this.#typing.set(name, window.setTimeout(() => this.stopped(name), TYPING_HOLDS));
    this.#showTyping();
  }

  /** @param {string} name has said it, or has stopped */
  stopped(name) {
    clearTimeout(this.#typing.get(name));
    if (this.#typing.delete(name)) this.#showTyping();
  }

  #showTyping() {
    const names = [...this.#typing.keys()];
    const verb = names.length === 1 ? 'is' : 'are';
    byID('typing').textContent = names.length > 0 ? `${listOf(names)} ${verb} writing` : '';
    byID('typing').classList.toggle('on', names.length > 0);
  }

  #changed() {
    this.#refresh();
    if (this.#text.value.trim() && Date.now() - this.#told > TELL_TYPING) {
      this.#told = Date.now();
      this.#actions.typing();
    }
  }

  #refresh() {
    const length = [...this.#text.value.trim()].length;
    this.#send.disabled = length === 0 || length > MAX_TEXT;
    byID('counter').textContent = length > SHOW_COUNTER ? `${length} of ${MAX_TEXT}` : '';
    byID('counter').classList.toggle('over', length > MAX_TEXT);
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }

  #submit() {
    if (this.#send.disabled) return;
    const text = this.#text.value.trim();
    this.#text.value = '';
    this.#told = 0;
    this.#refresh();
    this.#text.focus();
    this.#actions.send(text);
  }
}
