import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { parse, stringify } from "yaml";
import { ExitCode } from "../exit-codes.ts";
import { Failure } from "../failure.ts";

/** A server and the credential for it. */
export interface Context {
  url: string;
  /** An operator token. Absent after `crew logout`. */
  token?: string;
  /** The pinned certificate, "sha256:HEX". */
  fingerprint?: string;
  /** A PEM certificate authority. */
  ca?: string;
}

/** The contexts of one user. */
export interface Config {
  /** The name of the context commands use when none is named. */
  current?: string;
  contexts: Record<string, Context>;
}

/** Reads the file. A missing one has no contexts; one that cannot be understood is a failure that names the place. */
export function readConfig(path: string): Config {
  const text = readText(path);
  if (text === undefined) return { contexts: {} };
  return toConfig(parseYaml(path, text), path);
}

/** Replaces the file, readable by its owner only, in one step: a reader sees the old one or the new one. */
export async function writeConfig(path: string, config: Config): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, "wx", 0o600);
    await file.writeFile(stringify(config));
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new Failure(`cannot write ${path}`, { exitCode: ExitCode.failure, why: messageOf(error), cause: error });
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Failure(`cannot read ${path}`, { exitCode: ExitCode.failure, why: messageOf(error), cause: error });
  }
}

function parseYaml(path: string, text: string): unknown {
  try {
    // prettyErrors would quote the line, which may hold a token.
    return parse(text, { prettyErrors: false });
  } catch (error) {
    throw unreadable(path, "it is not valid YAML", error);
  }
}

function toConfig(data: unknown, path: string): Config {
  if (data === null || data === undefined) return { contexts: {} };
  if (!isRecord(data)) throw unreadable(path, "expected the keys current and contexts");
  const { current, contexts = {} } = data;
  if (!isRecord(contexts)) throw unreadable(path, "contexts: expected a mapping of names");
  const entries = Object.entries(contexts).map(([name, value]) => [name, toContext(name, value, path)] as const);
  return {
    ...(typeof current === "string" ? { current } : {}),
    contexts: Object.fromEntries(entries),
  };
}

function toContext(name: string, value: unknown, path: string): Context {
  if (!isRecord(value) || typeof value["url"] !== "string") {
    throw unreadable(path, `contexts.${name}: expected a mapping with url`);
  }
  const context: Context = { url: value["url"] };
  for (const key of ["token", "fingerprint", "ca"] as const) {
    const text = value[key];
    if (typeof text === "string") context[key] = text;
    else if (text !== undefined) throw unreadable(path, `contexts.${name}.${key}: expected text`);
  }
  return context;
}

function unreadable(path: string, why: string, cause?: unknown): Failure {
  return new Failure(`cannot understand ${path}`, {
    exitCode: ExitCode.usage,
    why,
    next: "mend it, or move it away and run crew login again",
    cause,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
