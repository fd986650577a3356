import { MachineApproval, type SetMachineApprovalRequest } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext } from "../context.ts";
import { startFirst } from "../vetting/first-sight.ts";
import { findOne } from "./find.ts";

/**
 * Lets a machine be vetted, or keeps it from that. Approving accepts what is doubtful about who it is, and starts the run
 * of first sight where the server has one. Returns the machine's id. Throws NOT_FOUND.
 */
export async function setApproval(
  context: ServerContext,
  actor: string,
  { machine: given, approval }: SetMachineApprovalRequest,
): Promise<string> {
  const name = nameOf(approval);
  const { id, runId } = await context.db.transaction().execute(async (tx) => {
    const { id, vetted } = await findOne(tx, "machine", given);
    const accepted = name === "approved" ? { accepted_trouble: sql<string>`trouble`, trouble: "" } : {};
    await tx
      .updateTable("machines")
      .set({ approval: name, approved_by: actor, ...accepted })
      .where("id", "=", id)
      .execute();
    return { id, runId: name === "approved" && vetted ? await startFirst(tx, context, id) : undefined };
  });
  if (runId !== undefined) context.hints.publish("queue", `workflow:${runId}`);
  return id;
}

function nameOf(approval: MachineApproval): "approved" | "rejected" {
  if (approval === MachineApproval.APPROVED) return "approved";
  if (approval === MachineApproval.REJECTED) return "rejected";
  throw invalidField("approval", String(approval), "APPROVED or REJECTED");
}
