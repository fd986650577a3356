import { rename, rm, writeFile } from "node:fs/promises";

/** What a ready file tells whoever started the server. */
export interface Ready {
  grpc_url: string;
  http_url: string;
  pid: number;
  /** "sha256:HEX", or empty without TLS. */
  fingerprint: string;
}

/** Writes the file at once, so that a reader sees all of it or none. */
export async function writeReadyFile(file: string, ready: Ready): Promise<void> {
  await writeFile(`${file}.tmp`, `${JSON.stringify(ready)}\n`, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}

/** Removes it. */
export async function removeReadyFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
