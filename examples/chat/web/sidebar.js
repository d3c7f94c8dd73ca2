import { byID, el } from './dom.js';
import { avatar, listOf } from './people.js';
import { roomName } from './text.js';

/** The side of the page: rooms, people, oneself. On a phone it is a drawer. */
export class Sidebar {
  #side = byID('sidebar');
  #narrow = matchMedia('(max-width: 760px)');
  #open = false;

  /** @param {{enter: (room: string) => void}} actions */
  constructor({ enter }) {
    const form = byID('room-form');
    const input = /** @type {HTMLInputElement} */ (byID('room-input'));
    const showForm = (/** @type {boolean} */ shown) => {
      form.hidden = !shown;
      byID('room-new').setAttribute('aria-expanded', String(shown));
      (shown ? input : byID('room-new')).focus();
    };
    byID('room-new').addEventListener('click', () => showForm(form.hidden));
    input.addEventListener('keydown', (event) => event.key === 'Escape' && showForm(false));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const room = roomName(input.value);
      if (!room) return;
      input.value = '';
      showForm(false);
      enter(room);
    });
    byID('drawer-open').addEventListener('click', () => this.toggle(true));
    byID('drawer-close').addEventListener('click', () => this.toggle(false));
    byID('scrim').addEventListener('click', () => this.toggle(false));
    this.#side.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented) this.toggle(false);
    });
    this.#narrow.addEventListener('change', () => this.toggle(false));
    this.toggle(false);
  }

  /** @param {boolean} open the drawer; on a wide page the side is always there */
  toggle(open) {
    const was = this.#open;
    this.#open = open && this.#narrow.matches;
    document.body.classList.toggle('drawer', this.#open);
    this.#side.inert = this.#narrow.matches && !this.#open;
    byID('main').inert = this.#open;
    byID('drawer-open').setAttribute('aria-expanded', String(this.#open));
    if (this.#open) byID('drawer-close').focus();
    else if (was) byID('drawer-open').focus();
  }

  /**
   * @param {{name: string, people: number}[]} rooms
   * @param {string} current
   */
  showRooms(rooms, current) {
    const all = rooms.some(({ name }) => name === current) || !current ? rooms : [...rooms, { name: current, people: 1 }];
    byID('rooms').replaceChildren(...all.map(({ name, people }) => {
      const unit = el('span', { class: 'hidden' }, people === 1 ? ' person' : ' people');
      const props = { href: `#${encodeURIComponent(name)}`, 'aria-current': name === current && 'page' };
      return el('li', {}, el('a', props,
        el('span', { class: 'hash', 'aria-hidden': 'true' }, '#'), el('span', { class: 'name' }, name),
        people > 0 && el('span', { class: 'count' }, String(people), unit)));
    }));
  }

  /**
   * @param {string[]} people
   * @param {string} me
   */
  showPeople(people, me) {
    const ordered = people.filter((name) => name === me).concat(people.filter((name) => name !== me));
    byID('people').replaceChildren(...ordered.map((name) => el('li', {}, avatar(name, 'small'),
      el('span', { class: 'name' }, name), name === me && el('span', { class: 'you' }, 'you'))));
    byID('people-count').textContent = String(people.length);
    byID('room-info').textContent = people.length <= 1 ? 'Only you are here' : `${people.length} people here`;
    this.#showFaces(ordered);
  }

  /** @param {string[]} people */
  #showFaces(people) {
    const faces = people.slice(0, 4).map((name) => avatar(name, 'small'));
    if (people.length > 4) faces.push(el('span', { class: 'avatar small more' }, `+${people.length - 4}`));
    faces.forEach((face, i) => face.style.setProperty('--place', String(i)));
    byID('faces').replaceChildren(...faces);
    byID('faces').title = listOf(people);
  }

  /** @param {string} name */
  showMe(name) {
    byID('me-avatar').replaceChildren(avatar(name));
    byID('me-name').textContent = name;
  }
}
