/**
 * What turns values into payloads and back; it must match the server's serializer. Either function
 * may throw.
 * @typedef {object} Codec
 * @property {(value: unknown) => Uint8Array} encode undefined: a call without an argument
 * @property {(bytes: Uint8Array) => unknown} decode
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * JSON, the server's default. No argument is sent as `{}`; an empty payload reads as null.
 * @type {Codec}
 */
export const json = Object.freeze({
  encode: (value) => encoder.encode(JSON.stringify(value === undefined ? {} : value)),
  decode: (bytes) => (bytes.length === 0 ? null : JSON.parse(decoder.decode(bytes))),
});
