import { el } from './dom.js';

const segmenter = 'Segmenter' in Intl ? new Intl.Segmenter() : null;

/**
 * A hue that is always the same for a name.
 * @param {string} name
 */
export function hueOf(name) {
  let hash = 2166136261;
  for (const char of name) hash = Math.imul(hash ^ /** @type {number} */ (char.codePointAt(0)), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash >>> 8) % 360;
}

/**
 * The first letters of the first word and the last; of a name without letters, its first sign.
 * @param {string} name
 */
function initials(name) {
  const letters = (name.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [name]).map(firstLetter);
  return (letters.length > 1 ? letters[0] + letters[letters.length - 1] : letters[0]).toUpperCase();
}

/** @param {string} word one that reads as one sign may be several characters, as many emoji are */
function firstLetter(word) {
  return segmenter ? [...segmenter.segment(word)][0].segment : [...word][0];
}

/**
 * A round with the initials; for the eye alone, as the name stands beside it.
 * @param {string} name
 * @param {string} [size] 'small' or nothing
 */
export function avatar(name, size = '') {
  const node = el('span', { class: `avatar ${size}`, 'aria-hidden': 'true' }, initials(name));
  node.style.setProperty('--hue', String(hueOf(name)));
  return node;
}

/**
 * Names as a phrase: "Ann", "Ann and Bob", "Ann, Bob and 3 others".
 * @param {string[]} names
 */
export function listOf(names) {
  if (names.length <= 1) return names.join('');
  const shown = names.length > 3 ? names.slice(0, 2) : names.slice(0, -1);
  const last = names.length > 3 ? `${names.length - 2} others` : names[names.length - 1];
  return `${shown.join(', ')} and ${last}`;
}
