import { randomBytes } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServerSettings } from "../settings.ts";
import { parseKeys, type KeyRing } from "./key-ring.ts";

/** Where the keys come from. */
type KeySettings = Pick<ServerSettings, "secretKeys" | "secretKeyFile" | "stateDir">;

/**
 * The server's keys: those of the settings, else those of its state folder, where the first start makes one. Throws an
 * error that names the setting or the file.
 */
export async function openKeys({ secretKeys, secretKeyFile, stateDir }: KeySettings): Promise<KeyRing> {
  if (secretKeys !== undefined && secretKeyFile !== undefined) {
    throw new Error("GROUNDCREW_SECRET_KEYS and --secret-key-file exclude each other; give one of them");
  }
  if (secretKeys !== undefined) return parseKeys(secretKeys, "GROUNDCREW_SECRET_KEYS");
  if (secretKeyFile !== undefined) return readKeys(secretKeyFile, "--secret-key-file");
  return ownKeys(join(stateDir, "secret-keys"));
}

async function ownKeys(file: string): Promise<KeyRing> {
  await mkdir(join(file, ".."), { recursive: true, mode: 0o711 });
  try {
    // Never over a file that is there: to lose a key is to lose what it encrypts.
    await writeFile(file, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readKeys(file, "the server's key file");
}

async function readKeys(file: string, what: string): Promise<KeyRing> {
  const where = `${what}, ${file}`;
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`${where}, cannot be read: ${cause.message}`, { cause });
  });
  const { mode } = await stat(file);
  // A group may: that is how orchestrators hand such files to a program.
  if ((mode & 0o007) !== 0) throw new Error(`${where}, can be read by every user; chmod 600 it`);
  return parseKeys(text, where);
}
