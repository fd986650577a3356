import { builtInProfiles } from "@groundcrew/vetting";
import type { ServerContext, Tx } from "../context.ts";
import { queueRun } from "./queue-run.ts";

/** Who starts runs of first sight, in the history. */
const ACTOR = "first sight";

/**
 * Queues the run of first sight of an approved machine that was never vetted, where the server has one. Nothing is
 * allowed to it, so it destroys nothing. Returns the run's id, if there is one.
 */
export async function startFirst(
  tx: Tx,
  context: Pick<ServerContext, "machines" | "replica" | "turns">,
  machineId: string,
): Promise<string | undefined> {
  const profile = builtInProfiles.get(context.machines.firstSight ?? "");
  if (!profile) return undefined;
  const machine = await tx
    .selectFrom("machines")
    .selectAll()
    .where("id", "=", machineId)
    .where("approval", "=", "approved")
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom("vetting_runs").select("workflow_id").whereRef("machine_id", "=", "machines.id"))),
    )
    .forNoKeyUpdate()
    .executeTakeFirst();
  return machine && queueRun(tx, context, { machine, profile, actor: ACTOR });
}
