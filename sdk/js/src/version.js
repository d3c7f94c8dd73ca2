/** The client's version, told to the server in the handshake. */
export const VERSION = '0.1.0';
