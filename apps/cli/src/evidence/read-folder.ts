import { type Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { StageEvidence } from "@groundcrew/vetting";
import { Failure, usage } from "../failure.ts";
import { ExitCode } from "../exit-codes.ts";

/** What an agent keeps of one record, in bytes. */
const MAX_BYTES = 64 * 2 ** 20;

/** Beside the evidence of a stage that did not end by itself, when it was fetched: how it ended. */
export const OUTCOME_FILE = "outcome.json";

/** STAGE-TRY, or STAGE-EPOCH-TRY. */
const FOLDER = /^([a-z][a-z0-9_.-]*?)((?:-\d{1,19}){1,2})$/;

interface StageFolder {
  stage: string;
  numbers: bigint[];
  path: string;
}

/**
 * The newest try of each stage in a folder of evidence: a folder `STAGE-TRY` or `STAGE-EPOCH-TRY` for each, as an agent
 * and `crew vet evidence` keep them, with the stage's record in `ocp.jsonl`. Throws {@link Failure} where there is none.
 */
export async function readEvidenceFolder(path: string, name: string): Promise<Map<string, StageEvidence>> {
  const newest = new Map<string, StageFolder>();
  for (const folder of (await entriesOf(path, name)).flatMap((entry) => stageFolder(path, entry))) {
    const known = newest.get(folder.stage);
    if (known === undefined || isNewer(folder, known)) newest.set(folder.stage, folder);
  }
  if (newest.size === 0) {
    throw usage(
      `${name} holds no evidence`,
      "expected folders named STAGE-TRY, such as inventory-1, with ocp.jsonl in them",
    );
  }
  const read = [...newest.values()].map(async (folder) => [folder.stage, await evidenceOf(folder)] as const);
  return new Map(await Promise.all(read));
}

async function entriesOf(path: string, name: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(`cannot read the folder ${name}`, { exitCode: ExitCode.usage, why, cause: error });
  }
}

function stageFolder(path: string, entry: Dirent): StageFolder[] {
  const [, stage, numbers] = FOLDER.exec(entry.name) ?? [];
  if (!entry.isDirectory() || stage === undefined || numbers === undefined) return [];
  return [{ stage, numbers: numbers.slice(1).split("-").map(BigInt), path: join(path, entry.name) }];
}

function isNewer(a: StageFolder, b: StageFolder): boolean {
  const at = a.numbers.findIndex((number, index) => number !== b.numbers[index]);
  return at >= 0 && (a.numbers[at] ?? 0n) > (b.numbers[at] ?? 0n);
}

/** A record that is not there, or too long, is an empty one: the stage is then an error, and says why. */
async function evidenceOf({ path }: StageFolder): Promise<StageEvidence> {
  const file = join(path, "ocp.jsonl");
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  const ocp = size === 0 || size > MAX_BYTES ? "" : await readFile(file, "utf8");
  return { outcome: await outcomeOf(path), ocp };
}

async function outcomeOf(path: string): Promise<StageEvidence["outcome"]> {
  const text = await readFile(join(path, OUTCOME_FILE), "utf8").catch(() => "");
  return (
    (["canceled", "timed_out", "not_started"] as const).find((outcome) => text.includes(`"${outcome}"`)) ?? "completed"
  );
}
