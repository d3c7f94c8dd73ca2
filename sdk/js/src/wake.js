/**
 * Calls fn whenever waiting on may be pointless: the network is back, or the page is looked at again.
 * Where there is no page it never does.
 * @param {() => void} fn
 * @returns {() => void} ends it
 */
export function onWake(fn) {
  const page = globalThis.document;
  const visible = () => page.visibilityState === 'visible' && fn();
  globalThis.addEventListener?.('online', fn);
  page?.addEventListener('visibilitychange', visible);
  return () => {
    globalThis.removeEventListener?.('online', fn);
    page?.removeEventListener('visibilitychange', visible);
  };
}
