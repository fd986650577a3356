import { conflict } from "@groundcrew/rpc";
import type { Db } from "../context.ts";
import { describeMachine, type MachineRow } from "../machines/describe.ts";
import { findOne, type FoundMachine } from "../machines/find.ts";

const ENROL = "`crew agents enroll --serves vetting` prints the line that enrols one";

/**
 * The one machine that has this id, name, serial or host name, or a vetting agent of this id or name. Throws when there
 * is none, when there are several, and when it cannot be vetted: see {@link requireVettable}.
 */
export async function resolveTarget(db: Db, target: string): Promise<MachineRow> {
  return requireVettable(await findOne(db, "target", target, { agents: "vetting", hint: ENROL }));
}

/**
 * Throws FAILED_PRECONDITION when a machine is not approved, and when nobody could vet it: no vetting agent is enrolled
 * on it, and no operator registered it. A run of a machine that was registered waits for its agent.
 */
export function requireVettable(machine: FoundMachine): MachineRow {
  const { approval, trouble, vetted, registered_by } = machine;
  const what = describeMachine(machine);
  if (approval === "pending") {
    const why = trouble === "" ? "" : ` (${trouble})`;
    throw conflict(`${what} waits for an operator's approval${why}: crew machines approve ${machine.id}`);
  }
  if (approval === "rejected")
    throw conflict(`${what} was rejected; to vet it all the same: crew machines approve ${machine.id}`);
  if (!vetted && registered_by === "") throw conflict(`no vetting agent is enrolled on ${what}; ${ENROL}`);
  return machine;
}
