/** Where a server listens. Port 0 takes a free one. */
export interface ListenAddress {
  /** A host name or address; IPv6 without brackets. */
  host: string;
  /** 0 to 65535. */
  port: number;
}

/** A server's certificate chain and private key, both PEM. */
export interface TlsIdentity {
  cert: string;
  key: string;
}

/** A server that listens. */
export interface RpcServer {
  /** The port it got. */
  readonly port: number;
  /** Its address: "http://host:port", or "https://…" with TLS. */
  readonly url: string;
  /**
   * Takes no more calls, lets those in flight end for up to `graceMs` milliseconds (default 5,000), then cuts them.
   * Idempotent.
   */
  close(graceMs?: number): Promise<void>;
}

/** The URL of a listening server. */
export function urlOf({ host }: ListenAddress, port: number, tls: boolean): string {
  return `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What to tell the operator when an address cannot be listened on. */
export function listenError({ host, port }: ListenAddress, cause: unknown): Error {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const text = cause instanceof Error ? cause.message : String(cause);
  const taken = code === "EADDRINUSE" || text.includes("EADDRINUSE") || text.includes("No address added");
  const why = taken ? "the port is taken; stop the other program or choose another port" : text;
  return new Error(`cannot listen on ${host}:${port}: ${why}`, { cause });
}
