import { Code, conflict, ConnectError, invalidField } from "@groundcrew/rpc";
import { sql, type Selectable } from "kysely";
import type { Db } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { isUuid, requireText } from "../validate.ts";

/** A machine's row. */
export type MachineRow = Selectable<Database["machines"]>;

/** How many of the machines that share a name are listed for the caller to choose from. */
const LISTED_MAX = 10;

const ENROL = "`crew agents enroll --serves vetting` prints the line that enrols one";

/**
 * The one machine that has this id, serial or host name, or a vetting agent of this id or name. Throws when there is
 * none, when there are several, and when no vetting agent is enrolled on it, since nobody could then do the work.
 */
export async function resolveTarget(db: Db, target: string): Promise<MachineRow> {
  requireText("target", target, { min: 1, max: 256, expected: "1 to 256 characters" });
  const [machine, ...others] = await candidates(db, target);
  if (!machine) throw noMachine(target);
  if (others.length > 0) throw ambiguous(target, [machine, ...others]);
  if (!machine.vetted) throw conflict(`no vetting agent is enrolled on ${describeMachine(machine)}; ${ENROL}`);
  return machine;
}

type Candidate = MachineRow & { vetted: boolean };

function candidates(db: Db, target: string): Promise<Candidate[]> {
  const id = isUuid(target) ? target : null;
  const agents = db
    .selectFrom("agents")
    .select("machine_id")
    .where("serves", "=", "vetting")
    .where("lifecycle", "!=", "terminated");
  const named = agents.where((eb) => eb.or([eb("name", "=", target), eb("id", "=", id)]));
  return db
    .selectFrom("machines")
    .selectAll()
    .select((eb) => eb("id", "in", agents).$castTo<boolean>().as("vetted"))
    .where((eb) =>
      eb.or([eb("id", "=", id), eb("serial", "=", target), eb("hostname", "=", target), eb("id", "in", named)]),
    )
    .orderBy(sql`created_at`)
    .limit(LISTED_MAX + 1)
    .execute();
}

function noMachine(target: string): ConnectError {
  const message = `no machine has the id, serial or host name ${JSON.stringify(target)}, and no vetting agent that name or id; ${ENROL}`;
  return new ConnectError(message, Code.NotFound);
}

function ambiguous(target: string, machines: MachineRow[]): ConnectError {
  const listed = machines.slice(0, LISTED_MAX).map((machine) => `  ${describeMachine(machine)}`);
  const more = machines.length > LISTED_MAX ? ["  and more"] : [];
  const candidates = ["the id of one of these machines:", ...listed, ...more].join("\n");
  return invalidField("target", target, candidates);
}

/** A machine in a line, for people: its id and whatever tells it apart. */
export function describeMachine({ id, hostname, vendor, product, serial }: MachineRow): string {
  const words = [hostname, vendor, product, serial && `serial ${serial}`].filter((word) => word !== "");
  return words.length === 0 ? id : `${id} (${words.join(", ")})`;
}
