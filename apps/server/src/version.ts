/** The server's release. */
export const SERVER_VERSION = "0.1.0";
