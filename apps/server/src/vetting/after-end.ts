import { isEnded, move } from "@groundcrew/vetting";
import type { Tx } from "../context.ts";
import type { Decided } from "../workflows/write-changes.ts";
import { leaveHold } from "./hold.ts";
import { powerOffAfter } from "./power-off.ts";
import { readVettingRun, writeVettingRun } from "./run-row.ts";

/**
 * What follows when vetting runs end by their workflows: one that had not come to its end was canceled or given up, and
 * the machine is switched off where that is wanted. For the transaction that ended them.
 */
export async function afterVettingEnds(tx: Tx, decided: readonly Decided[]): Promise<void> {
  for (const { row, change } of decided) {
    if (row.kind !== "vetting" || change.kind !== "end") continue;
    const vetting = await readVettingRun(tx, row.id);
    const kind = change.state === "canceled" ? "cancel" : "abort";
    const run = isEnded(vetting.run.at) ? vetting.run : move(vetting.run, { kind });
    const closed = { open_since: null, override: null, canceling: null, interruption: null };
    await writeVettingRun(tx, row.id, { run, ...closed });
    if (vetting.held_since !== null) await leaveHold(tx, row.id);
    await powerOffAfter(tx, row, vetting);
  }
}
