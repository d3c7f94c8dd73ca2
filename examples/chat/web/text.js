import { el } from './dom.js';

const links = /\bhttps?:\/\/[^\s<>"]+/g;
const trailing = /[.,;:!?'")\]}]+$/;
const onlyEmoji = /^(?:(?:\p{Extended_Pictographic}|\p{RI}\p{RI})[\p{M}\u200d\ufe0f\p{EMod}\p{Extended_Pictographic}]*\s*){1,5}$/u;

/**
 * A message's text as nodes, with its addresses as links.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function richText(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(links)) {
    const address = match[0].replace(trailing, '');
    nodes.push(text.slice(end, match.index), link(address));
    end = match.index + address.length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

/** @param {string} address starts with http: or https: */
function link(address) {
  return el('a', { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' }, address);
}

/**
 * A few emoji and nothing else, which are shown large.
 * @param {string} text
 */
export function isEmoji(text) {
  return text.length < 60 && onlyEmoji.test(text);
}

/**
 * An error's message, which starts small and has no stop, as a sentence.
 * @param {string} message
 */
export function sentence(message) {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

/**
 * What a typed room name becomes; the server has the last word.
 * @param {string} text
 */
export function roomName(text) {
  const kept = text.trim().toLowerCase().replace(/\s+/g, '-').replace(/[^\p{L}\p{M}\p{Nd}_-]/gu, '');
  return [...kept].slice(0, 32).join('').replace(/^[-_]+|[-_]+$/g, '');
}
