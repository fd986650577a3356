import type { Db } from "../context.ts";
import { timestampOf } from "../names.ts";
import { approvalReasons } from "./approval.ts";
import { batchReason } from "./batch.ts";
import { groupReason } from "./group.ts";
import { parentsReason } from "./parents.ts";
import type { Reason } from "./reason.ts";
import type { Subject } from "./subject.ts";
import { moment } from "./words.ts";

/** What a blocked workflow waits for, before any agent may take it. */
export async function blockReasons(db: Db, subject: Subject): Promise<Reason[]> {
  switch (subject.block_reason) {
    case "dependency":
      return [await parentsReason(db, subject), ...(await approvalReasons(db, subject)), ...comingDelay(subject)];
    case "approval":
      return [...(await approvalReasons(db, subject)), ...comingDelay(subject)];
    case "delay":
      return delayReasons(subject);
    case "limit":
      return [await (subject.concurrency_group === null ? batchReason(db, subject) : groupReason(db, subject))];
    case "holding":
      return [holdReason(subject)];
    case null:
      throw new Error(`workflow ${subject.id} is blocked without a reason`);
    default:
      return subject.block_reason satisfies never;
  }
}

/** A delay that goes on beside another block. */
function comingDelay(subject: Subject): Reason[] {
  return subject.delayed ? delayReasons(subject) : [];
}

function delayReasons({ not_before: until, retries }: Subject): Reason[] {
  if (until === null) return [];
  const retry = retries > 0;
  const text = retry
    ? `it failed and is tried again at ${moment(until)} (retry ${retries})`
    : `its start is delayed until ${moment(until)}`;
  const time = { until: timestampOf(until), retry } as const;
  return [{ text, reason: { case: "time", value: time } }];
}

function holdReason({ id }: Subject): Reason {
  return { text: `its machine is held until an operator decides: crew vet show ${id}` };
}
