import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExplainWorkflowResponseSchema } from "@groundcrew/proto";
import type { Db, Intervals, ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { workflowStateOf } from "../names.ts";
import { readAgents } from "./agents.ts";
import { blockReasons } from "./blocks.ts";
import { gapsOf, noTakerReason } from "./gap.ts";
import { pauseReasons } from "./pauses.ts";
import type { Reason } from "./reason.ts";
import { readSubject, type Subject } from "./subject.ts";
import { summaryOf } from "./summary.ts";
import { turnReasons } from "./turn.ts";

type Response = MessageInitShape<typeof ExplainWorkflowResponseSchema>;

/** Why a workflow waits, as one snapshot of the database has it. Throws NOT_FOUND. */
export function explainWorkflow(context: Pick<ServerContext, "db" | "intervals">, id: string): Promise<Response> {
  return inSnapshot(context, async (tx) => {
    const subject = await readSubject(tx, id);
    const reasons = await reasonsOf(tx, context.intervals, subject);
    return { state: workflowStateOf(subject.state), summary: summaryOf(subject, reasons), reasons };
  });
}

async function reasonsOf(db: Db, intervals: Intervals, subject: Subject): Promise<Reason[]> {
  switch (subject.state) {
    case "blocked":
      return [...(await blockReasons(db, subject)), ...(await obstacles(db, intervals, subject)).reasons];
    case "queued":
      return queuedReasons(db, intervals, subject);
    default:
      return [];
  }
}

async function queuedReasons(db: Db, intervals: Intervals, subject: Subject): Promise<Reason[]> {
  const { reasons, takers } = await obstacles(db, intervals, subject);
  // Slots and turns come by themselves: they are told once nothing else is in the way.
  return reasons.length > 0 ? reasons : turnReasons(db, takers, subject);
}

/** What somebody must do something about: pauses, and that no agent may take it. */
async function obstacles(db: Db, intervals: Intervals, subject: Subject) {
  const pauses = await pauseReasons(db, subject);
  const gaps = gapsOf(await readAgents(db, intervals), subject);
  const takers = gaps.filter(({ misses }) => misses.length === 0).map(({ agent }) => agent);
  return { takers, reasons: takers.length > 0 ? pauses : [...pauses, noTakerReason(gaps)] };
}
