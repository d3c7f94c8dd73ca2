import { protocolError } from './errors.js';

/**
 * Inflates zlib or gzip. Rejects with a NanoError (`protocol`) on anything else, and as soon as the
 * output passes the limit: a small message must not become a large amount of memory.
 * @param {Uint8Array} bytes
 * @param {number} limit bytes of output
 * @returns {Promise<Uint8Array>}
 */
export async function inflate(bytes, limit) {
  const format = bytes[0] === 0x1f && bytes[1] === 0x8b ? 'gzip' : 'deflate';
  const source = new Blob([/** @type {BlobPart} */ (bytes)]).stream();
  const reader = source.pipeThrough(new DecompressionStream(format)).getReader();
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause) => {
      throw protocolError('a payload that does not inflate', cause);
    });
    if (done) break;
    length += value.length;
    if (length > limit) {
      reader.cancel().catch(() => {});
      throw protocolError(`a payload that inflates to more than ${limit} bytes`);
    }
    chunks.push(value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
