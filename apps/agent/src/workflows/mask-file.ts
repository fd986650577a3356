import { open } from "node:fs/promises";

const CHUNK_BYTES = 1024 * 1024;

/** Overwrites secrets in a file with asterisks, in place and as many: what a tool printed keeps its form. */
export async function maskFile(path: string, secrets: readonly string[]): Promise<void> {
  const wanted = secrets.filter((secret) => secret !== "").map((secret) => Buffer.from(secret));
  const longest = Math.max(0, ...wanted.map(({ length }) => length));
  if (longest === 0) return;
  await using file = await open(path, "r+");
  // Chunks overlap by all but a byte of the longest secret, so that none is split between two.
  const buffer = Buffer.alloc(CHUNK_BYTES + longest - 1);
  for (let position = 0; ; position += CHUNK_BYTES) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    const chunk = buffer.subarray(0, bytesRead);
    for (const secret of wanted) {
      for (let at = chunk.indexOf(secret); at >= 0; at = chunk.indexOf(secret, at + secret.length)) {
        await file.write(Buffer.alloc(secret.length, "*"), 0, secret.length, position + at);
      }
    }
  }
}
