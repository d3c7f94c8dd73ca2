import { byID } from './dom.js';
import { roomName } from './text.js';

/** The dialog that asks for a nickname, and at the beginning for a room. */
export class JoinDialog {
  #dialog = /** @type {HTMLDialogElement} */ (byID('join'));
  #name = /** @type {HTMLInputElement} */ (byID('join-name'));
  #room = /** @type {HTMLInputElement} */ (byID('join-room'));
  #first = true;

  /** @param {(room: string, name: string) => void} submit */
  constructor(submit) {
    byID('join-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const name = this.#name.value.trim();
      const room = roomName(this.#room.value) || 'general';
      if (!name) return this.#fail('Please type a nickname.');
      this.#dialog.close();
      submit(room, name);
    });
    byID('join-cancel').addEventListener('click', () => this.#dialog.close());
    this.#name.addEventListener('input', () => this.#fail(''));
    this.#dialog.addEventListener('cancel', (event) => this.#first && event.preventDefault());
  }

  /**
   * @param {{name: string, room: string, first: boolean, error?: string}} options first: there is no way
   *   round it; else only the nickname is asked for
   */
  open({ name, room, first, error = '' }) {
    this.#first = first;
    this.#dialog.classList.toggle('first', first);
    byID('join-title').textContent = first ? 'Join the conversation' : 'Change your nickname';
    byID('join-lead').hidden = !first;
    byID('join-room-row').hidden = !first;
    byID('join-cancel').hidden = first;
    byID('join-submit').textContent = first ? 'Join' : 'Save';
    this.#name.value = name;
    this.#room.value = room;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#fail(error);
    this.#name.select();
  }

  /** @param {string} error */
  #fail(error) {
    byID('join-error').textContent = error;
    this.#name.toggleAttribute('aria-invalid', error !== '');
    if (error) this.#name.focus();
  }
}
