import { isLoopback } from "@groundcrew/rpc";
import { type TlsIdentity } from "@groundcrew/rpc/server";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { ServerSettings } from "../settings.ts";

/** How long a certificate made at the first start lasts, in days: ten years, because its fingerprint is pinned. */
const CERTIFICATE_DAYS = 3_650;

/** The server's certificate: the configured one, or where any port is off loopback, one made at the first start. */
export async function tlsIdentity(settings: ServerSettings): Promise<TlsIdentity | undefined> {
  const { tlsCert, tlsKey, listen, httpListen, stateDir } = settings;
  if (tlsCert !== undefined || tlsKey !== undefined) return readIdentity(tlsCert, tlsKey);
  if (isLoopback(listen.host) && isLoopback(httpListen.host)) return undefined;
  return ownIdentity(join(stateDir, "tls"));
}

async function readIdentity(certFile: string | undefined, keyFile: string | undefined): Promise<TlsIdentity> {
  if (certFile === undefined || keyFile === undefined) {
    throw new Error(
      `--tls-cert and --tls-key go together, and --tls-${certFile === undefined ? "cert" : "key"} is missing`,
    );
  }
  return { cert: await readPem("--tls-cert", certFile), key: await readPem("--tls-key", keyFile) };
}

async function readPem(flag: string, file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`${flag} is ${file}, which cannot be read: ${cause.message}`, { cause });
  });
  if (!text.includes("-----BEGIN ")) throw new Error(`${flag} is ${file}, which is not a PEM file`);
  return text;
}

async function ownIdentity(folder: string): Promise<TlsIdentity> {
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  try {
    return { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const identity = await makeIdentity();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(keyFile, identity.key, { mode: 0o600 });
  await writeFile(certFile, identity.cert);
  return identity;
}

async function makeIdentity(): Promise<TlsIdentity> {
  // Only needed at a first start off loopback, and slow to load.
  const { generate } = await import("selfsigned");
  const notAfterDate = new Date(Date.now() + CERTIFICATE_DAYS * 86_400_000);
  const { cert, private: key } = await generate([{ name: "commonName", value: hostname() }], {
    keyType: "ec",
    notAfterDate,
  });
  return { cert, key };
}
