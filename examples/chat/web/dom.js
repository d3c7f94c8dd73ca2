/** Small helpers for elements. Text always goes in as text: nothing here parses HTML. */

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byID(id) {
  return /** @type {T} */ (document.getElementById(id));
}

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, unknown>} [props] attributes, and listeners as `onclick`; false, null and
 *   undefined are left out
 * @param {...(Node | string | null | undefined | false)} children strings become text; what is falsy is left out
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children) if (child) node.append(child);
  return node;
}

let toastTimer = 0;

/** @param {string} text shown for a moment */
export function toast(text) {
  const node = byID('toast');
  node.textContent = text;
  node.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => node.classList.remove('shown'), 2600);
}
