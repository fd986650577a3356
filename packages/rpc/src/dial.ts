import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { credentials, type ChannelCredentials } from "@grpc/grpc-js";
import { isIP } from "node:net";
import {
  checkServerIdentity as identityOf,
  connect,
  createSecureContext,
  type ConnectionOptions,
  type PeerCertificate,
} from "node:tls";
import { createGrpcJsTransport } from "./grpc/client.ts";
import { CALL_TIMEOUT_MS } from "./limits.ts";
import { fingerprintOf, isLoopback } from "./tls.ts";

/** How to reach a server. */
export interface DialOptions {
  /** "http://host:port" in plain text, on loopback only, or "https://host:port". */
  url: string;
  /** Sent as a bearer token; a function is asked at each call. */
  token?: string | (() => string | undefined);
  /** Further headers, asked for at each call. */
  headers?: () => Record<string, string>;
  /** A PEM certificate authority to trust instead of the system's. */
  ca?: string;
  /** Trust exactly the server certificate with this fingerprint: "sha256:" and 64 hexadecimal digits. */
  fingerprint?: string;
  /** The deadline of a unary call that names none, in milliseconds. Default 30,000. Streams have none. */
  timeoutMs?: number;
}

/** A connection, which reconnects by itself until closed. */
export interface Connection {
  readonly transport: Transport;
  /** Ends it; calls in flight fail with CANCELED. */
  close(): void;
}

/**
 * Prepares a connection. Does not wait for the server, except to look at its certificate over https. Throws
 * INVALID_ARGUMENT for a bad URL or plain text off loopback, UNAUTHENTICATED when the certificate has another
 * fingerprint or nobody vouches for it, UNAVAILABLE when it cannot be looked at.
 */
export async function dial(options: DialOptions): Promise<Connection> {
  const address = parseUrl(options.url);
  const transport = createGrpcJsTransport({
    address: `${address.host}:${address.port}`,
    credentials: await credentialsFor(address, options),
    ...(isIP(bare(address.host)) !== 0 && { tlsName: "server.invalid" }),
    headers: () => ({ ...options.headers?.(), ...authorization(options.token) }),
    timeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS,
  });
  return { transport, close: () => transport.close() };
}

/** The certificate a server shows, whoever signed it. Throws UNAVAILABLE when it cannot be reached. */
export function serverCertificate(url: string, timeoutMs = 10_000): Promise<ShownCertificate> {
  return lookAt(url, { rejectUnauthorized: false }, timeoutMs);
}

/** A certificate as a server shows it. */
interface ShownCertificate {
  pem: string;
  /** "sha256:" and 64 hexadecimal digits. */
  fingerprint: string;
}

function lookAt(url: string, trust: ConnectionOptions, timeoutMs = 10_000): Promise<ShownCertificate> {
  const { host, port } = parseUrl(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: bare(host), port, ALPNProtocols: ["h2"], ...trust });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(reasonOf(url, error));
    };
    socket.setTimeout(timeoutMs, () => fail(new Error(`no answer within ${timeoutMs} ms`)));
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      const pem = pemOf(socket.getPeerCertificate());
      socket.end();
      resolve({ pem, fingerprint: fingerprintOf(pem) });
    });
  });
}

/** A server that is away may come back; one that shows the wrong thing will go on showing it. */
function reasonOf(url: string, error: Error): ConnectError {
  const because = (message: string, code: Code): ConnectError =>
    new ConnectError(message, code, undefined, undefined, error);
  if (error.message.includes("wrong version number")) {
    return because(`${url} speaks plain text, not TLS: use http:// (on loopback only)`, Code.InvalidArgument);
  }
  if (/certificate|altnames/i.test(error.message)) {
    const next = "name the server's fingerprint or the CA that signed its certificate";
    return because(`the certificate of ${url} cannot be trusted: ${error.message}; ${next}`, Code.Unauthenticated);
  }
  return because(`cannot reach ${url}: ${error.message}`, Code.Unavailable);
}

function pemOf({ raw }: PeerCertificate): string {
  const lines = raw.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

interface Address {
  secure: boolean;
  /** IPv6 in brackets. */
  host: string;
  port: number;
}

function parseUrl(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.pathname !== "/" || url.username !== "") {
    throw badUrl(text, "expected http://HOST:PORT on loopback or https://HOST:PORT");
  }
  const secure = url.protocol === "https:";
  if (!secure && !isLoopback(url.hostname)) {
    throw badUrl(text, "plain text is for loopback only; use https:// and the server's fingerprint or CA");
  }
  return { secure, host: url.hostname, port: url.port === "" ? (secure ? 443 : 80) : Number(url.port) };
}

/** A host without the brackets of an IPv6 address. */
function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}

function badUrl(text: string, why: string): ConnectError {
  return new ConnectError(`the server's address is ${JSON.stringify(text)}: ${why}`, Code.InvalidArgument);
}

async function credentialsFor(address: Address, options: DialOptions): Promise<ChannelCredentials> {
  const { ca, fingerprint } = options;
  if (!address.secure) return credentials.createInsecure();
  if (fingerprint === undefined) {
    // Looked at first: a channel would take a certificate that nobody vouches for as an outage, and try for ever.
    await lookAt(options.url, ca === undefined ? {} : { ca });
    const checkServerIdentity = (_name: string, certificate: PeerCertificate): Error | undefined =>
      identityOf(bare(address.host), certificate);
    return credentials.createSsl(ca === undefined ? null : Buffer.from(ca), null, null, { checkServerIdentity });
  }
  const shown = await serverCertificate(options.url);
  if (shown.fingerprint !== fingerprint.toLowerCase()) {
    throw new ConnectError(
      `${options.url} shows a certificate with the fingerprint ${shown.fingerprint}, expected ${fingerprint}: it is ` +
        "another server, or its certificate was replaced; ask its operator for the new fingerprint",
      Code.Unauthenticated,
    );
  }
  // The certificate itself is the only trust anchor, so later connections are held to it as well.
  const context = createSecureContext({ ca: shown.pem, allowPartialTrustChain: true });
  return credentials.createFromSecureContext(context, { checkServerIdentity: () => undefined });
}

function authorization(token: DialOptions["token"]): Record<string, string> {
  const value = typeof token === "function" ? token() : token;
  return value === undefined ? {} : { authorization: `Bearer ${value}` };
}
