import { resolve } from "node:path";
import type { ExtraStageName } from "@groundcrew/vetting";
import { isExtraStage } from "@groundcrew/vetting/lean";

/** A third party's stage that this agent's own settings allow: this file, as long as it has this digest. */
export interface ListedStage {
  name: ExtraStageName;
  /** Absolute. */
  path: string;
  /** Hexadecimal. */
  sha256: string;
}

/**
 * Reads `NAME=PATH@sha256:DIGEST`. A relative path starts at the current folder. Throws an error that says what is
 * expected.
 */
export function parseListedStage(text: string): ListedStage {
  const [, name = "", path = "", sha256 = ""] = /^([^=]*)=(.+)@sha256:([0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (path === "") throw new Error(`expected NAME=PATH@sha256:DIGEST, not ${JSON.stringify(text)}; see sha256sum`);
  if (!isExtraStage(name)) {
    throw new Error(`${JSON.stringify(name)} is no name for a stage; expected one with a dot, such as acme.fans`);
  }
  return { name, path: resolve(path), sha256: sha256.toLowerCase() };
}

/** Reads several. Throws also when a name is there twice. */
export function parseListedStages(texts: readonly string[]): ListedStage[] {
  const stages = texts.map(parseListedStage);
  for (const [at, { name }] of stages.entries()) {
    if (stages.findIndex((one) => one.name === name) < at) throw new Error(`stage ${name} is listed twice`);
  }
  return stages;
}
