import { byID } from './dom.js';

/** What is over sooner than this is not worth a banner, in milliseconds. */
const PATIENCE = 500;

/** The line that tells about the connection when there is something to tell. */
export class Banner {
  #node = byID('banner');
  #action = byID('banner-action');
  #timer = 0;
  #delay = 0;
  /** @type {() => void} */
  #act = () => {};

  constructor() {
    this.#action.addEventListener('click', () => this.#act());
  }

  /**
   * @param {string} text
   * @param {{kind?: 'busy' | 'lost' | 'bad', wait?: number, action?: string, act?: () => void}} [options]
   *   wait: milliseconds that are counted down; action: the label of a button, which calls act
   */
  show(text, { kind = 'busy', wait = 0, action = '', act = () => {} } = {}) {
    clearTimeout(this.#delay);
    if (kind !== 'busy') this.#node.hidden = false;
    else this.#delay = window.setTimeout(() => (this.#node.hidden = false), PATIENCE);
    this.#node.dataset.kind = kind;
    const line = byID('banner-text');
    if (line.textContent !== text) line.textContent = text;
    this.#action.hidden = !action;
    this.#action.textContent = action;
    this.#act = act;
    this.#countDown(Date.now() + wait);
  }

  hide() {
    this.#node.hidden = true;
    byID('banner-text').textContent = '';
    clearTimeout(this.#timer);
    clearTimeout(this.#delay);
  }

  /** @param {number} until */
  #countDown(until) {
    clearTimeout(this.#timer);
    const seconds = Math.ceil((until - Date.now()) / 1000);
    byID('banner-count').textContent = seconds > 1 ? `Trying again in ${seconds} s.` : '';
    if (seconds > 1) this.#timer = window.setTimeout(() => this.#countDown(until), 1000);
  }
}
