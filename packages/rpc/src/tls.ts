import { createHash, X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** Whether a host name or address never leaves this machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return bare === "localhost" || bare === "::1" || (isIP(bare) === 4 && bare.startsWith("127."));
}

/** The fingerprint of a PEM certificate as this project writes it: "sha256:" and 64 hexadecimal digits. */
export function fingerprintOf(pem: string): string {
  return `sha256:${createHash("sha256").update(new X509Certificate(pem).raw).digest("hex")}`;
}
