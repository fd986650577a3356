import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BlobInfo, Verdict, type VettingRun, type VettingStage } from "@groundcrew/proto";
import { ExitCode } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { writeWhole } from "../save.ts";
import type { Operator, Session } from "../session.ts";
import { OUTCOME_FILE } from "./read-folder.ts";

/** What an agent may call a file; anything else could lead out of the folder. */
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/;

/** Fetches a vetting run's evidence into a folder, checked by SHA-256: STAGE-EPOCH-TRY/FILE. Answers how many files. */
export async function fetchEvidence(session: Session, operator: Operator, id: string, into: string): Promise<number> {
  const { run } = await operator.getVettingRun({ id }, session.call);
  const stages = run?.stages ?? [];
  for (const stage of stages) await noteOutcome(stage, into);
  const files = stages.flatMap(({ evidence }) => evidence);
  for (const file of files) await fetchFile({ session, operator, run, file, into });
  return files.length;
}

interface Fetching {
  session: Session;
  operator: Operator;
  run: VettingRun | undefined;
  file: BlobInfo;
  into: string;
}

async function fetchFile({ session, operator, run, file, into }: Fetching): Promise<void> {
  const folder = folderOf(file, into);
  if (folder === undefined || !NAME.test(file.name)) {
    throw new Failure(`the server names a file of evidence ${JSON.stringify(file.name)}`, {
      exitCode: ExitCode.failure,
    });
  }
  await mkdir(folder, { recursive: true });
  const request = { id: run?.id ?? "0", blobId: file.id };
  await writeWhole(join(folder, file.name), checked(operator.getVettingEvidence(request, session.call), file));
}

function folderOf({ stepRun }: BlobInfo, into: string): string | undefined {
  if (!stepRun || !NAME.test(stepRun.step)) return undefined;
  return join(into, `${stepRun.step}-${stepRun.epoch}-${stepRun.try}`);
}

async function* checked(parts: AsyncIterable<{ data: Uint8Array }>, file: BlobInfo): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const { data } of parts) {
    hash.update(data);
    yield data;
  }
  if (hash.digest().equals(file.sha256)) return;
  throw new Failure(`what came is not the ${file.name} that the server named`, {
    exitCode: ExitCode.failure,
    next: "try again",
  });
}

const OUTCOMES: ReadonlyMap<Verdict, string> = new Map([
  [Verdict.CANCELED, "canceled"],
  [Verdict.TIMED_OUT, "timed_out"],
]);

/** A record does not tell that somebody stopped the stage, or its limit. */
async function noteOutcome({ verdict, evidence }: VettingStage, into: string): Promise<void> {
  const outcome = OUTCOMES.get(verdict);
  const newest = evidence.at(-1);
  const folder = newest && folderOf(newest, into);
  if (outcome === undefined || folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, OUTCOME_FILE), `${JSON.stringify({ outcome })}\n`);
}
