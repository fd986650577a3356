import type { RecordSamplesRequest, Sample } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { checkedTime, requireText } from "../validate.ts";
import { checkedLease, lockHeld } from "./stale.ts";

const SAMPLES_MAX = 10_000;

/** Rows of one insert statement: seven parameters each, under Postgres' 65,535. */
const ROWS_PER_INSERT = 5_000;

/** Stores sensor samples of a workflow that the agent holds. */
export async function recordSamples(
  { db }: ServerContext,
  caller: Caller,
  request: RecordSamplesRequest,
): Promise<void> {
  const name = checkedLease(request);
  if (request.samples.length > SAMPLES_MAX) {
    throw invalidField("samples", `${request.samples.length} entries`, `at most ${SAMPLES_MAX}`);
  }
  const rows = request.samples.map((sample) => ({
    workflow_id: name.workflowId,
    epoch: name.epoch,
    ...columns(sample),
  }));
  await db.transaction().execute(async (tx) => {
    await lockHeld(tx, caller, name);
    for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) {
      await tx
        .insertInto("samples")
        .values(rows.slice(from, from + ROWS_PER_INSERT))
        .execute();
    }
  });
}

function columns({ kind, key, value, unit, at }: Sample) {
  const taken = checkedTime("samples.at", at);
  if (!taken) throw invalidField("samples.at", "absent", "when the sample was taken");
  if (!Number.isFinite(value))
    throw invalidField("samples.value", value, "a finite number; leave an absent sensor out");
  const text = (field: string, given: string, min: number): string =>
    requireText(`samples.${field}`, given, { min, max: 256, expected: `${min} to 256 characters` });
  return {
    at: taken,
    kind: text("kind", kind, 1),
    key: text("key", key, 1),
    value,
    unit: text("unit", unit, 0),
  };
}
