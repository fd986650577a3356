import { randomUUID } from "node:crypto";
import { chmod, chown, lstat, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** The end of a line that an agent wrote, and may remove. */
const MARK = /\sgroundcrew-hold-\d+\s*$/;

/**
 * Lets one key in to a held machine, or none: an authorized_keys file has exactly this one of the lines that agents
 * wrote, and all others as they were. The folder gets mode 0700, the file 0600; both keep their owner. Writes nothing
 * when that is so already. Throws when the path is a link, or cannot be written.
 */
export async function authorize(path: string, publicKey: string | undefined): Promise<void> {
  if (publicKey !== undefined && (publicKey.includes("\n") || !MARK.test(publicKey))) {
    throw new Error("the server's key is not one marked line");
  }
  const before = await readExisting(path);
  const others = (before ?? "").split("\n").filter((line) => !MARK.test(line));
  while (others.at(-1) === "") others.pop();
  const lines = publicKey === undefined ? others : [...others, publicKey];
  const wanted = lines.map((line) => `${line}\n`).join("");
  const untouched = !(before ?? "").split("\n").some((line) => MARK.test(line)) && publicKey === undefined;
  if (untouched || before === wanted) return;
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await replace(path, wanted);
}

async function readExisting(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isFile()) throw new Error(`${path} is not a regular file; keys are only written into one`);
  return readFile(path, "utf8");
}

async function replace(path: string, content: string): Promise<void> {
  const { uid, gid } = await stat(path).catch(() => stat(dirname(path)));
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await using file = await open(temporary, "wx", 0o600);
    await file.writeFile(content);
    await file.sync();
    if (uid !== process.getuid?.() || gid !== process.getgid?.()) await chown(temporary, uid, gid);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
