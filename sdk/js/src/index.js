/**
 * Browser client of the nano game-server framework.
 *
 *     import { Client } from '/nano/index.js';
 *
 *     const client = new Client('/ws');
 *     client.on('chat.message', (message) => show(message));
 *     await client.connect();
 *     const joined = await client.request('chat.join', { room: 'general', name: 'Ann' });
 */
export { Client } from './client.js';
export { Code, NanoError } from './errors.js';
export { json } from './codec.js';
export { VERSION } from './version.js';
