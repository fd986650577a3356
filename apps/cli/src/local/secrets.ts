import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { InvalidArgumentError } from "commander";
import { usage } from "../failure.ts";
import { readTextFile } from "../files.ts";
import type { Session } from "../session.ts";

/** Secrets as the command line names them: a value, or undefined for crew's own variable of that name. */
export type GivenSecrets = Record<string, string | undefined>;

/** Reads `NAME=VALUE`, or `NAME`, beside those that came before. */
export function parseSecret(text: string, before: GivenSecrets): GivenSecrets {
  const [, name, value] = /^([A-Za-z0-9_][A-Za-z0-9._-]*)(?:=([^]*))?$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("Expected NAME=VALUE, or NAME for crew's own variable.");
  return { ...before, [name]: value };
}

/** The secrets that steps may have: of the file, `NAME=VALUE` lines, and then of the command line. */
export async function readSecrets(
  { io }: Session,
  given: GivenSecrets,
  file: string | undefined,
): Promise<{ name: string; value: string }[]> {
  const read = file === undefined ? {} : parseEnv(await readTextFile(resolve(io.cwd, file), file));
  const own = Object.entries(given).map(([name, value]) => [name, value ?? requireOwn(io.env, name)]);
  const all: Record<string, string> = { ...read, ...Object.fromEntries(own) };
  return Object.entries(all).map(([name, value]) => ({ name, value }));
}

function requireOwn(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (value === undefined) throw usage(`--secret ${name}: crew's own environment does not have it`);
  return value;
}
