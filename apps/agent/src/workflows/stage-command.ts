import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { isExtraStage } from "@groundcrew/vetting/lean";
import type { ListedStage } from "../stages/listed-stage.ts";

/** What a stage's program may weigh, in bytes: 256 MiB. */
const MAX_BYTES = 256 * 2 ** 20;

/** What this agent can run. */
interface Runnable {
  /** Runs a built-in stage; see `AgentOptions`. */
  stageProgram: string;
  listedStages: readonly ListedStage[];
}

/**
 * What runs a stage. A third party's is copied into `folder`, and only a copy that has the digest that this agent's
 * settings list is run: what lies at its path may change at any moment. Throws an error that says what to do for a stage
 * that is not listed, is not there or is another one.
 */
export async function stageCommand(
  { stageProgram, listedStages }: Runnable,
  stage: string,
  folder: string,
): Promise<{ file: string; args: string[] }> {
  if (!isExtraStage(stage)) return { file: process.execPath, args: [stageProgram, stage] };
  const listed = listedStages.find(({ name }) => name === stage);
  if (listed === undefined) {
    throw new Error(`this agent's settings list no stage ${stage}: add --stage ${stage}=PATH@sha256:DIGEST`);
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const copy = join(folder, stage);
  const found = await copyHashed(listed.path, copy);
  if (found === listed.sha256) return { file: copy, args: [] };
  throw new Error(`stage ${stage} is not run: ${listed.path} has sha256 ${found}; listed is ${listed.sha256}`);
}

/** Copies a file, to be executed by this user alone. Returns the copy's digest. */
async function copyHashed(from: string, to: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(to, "w", 0o700);
  let size = 0;
  try {
    for await (const part of createReadStream(from) as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_BYTES) throw new Error(`${from} has more than ${MAX_BYTES} bytes`);
      hash.update(part);
      await file.writeFile(part);
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}
