import { Code, ConnectError, invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import { isUuid, requireText } from "../validate.ts";
import { describeMachine, type MachineRow } from "./describe.ts";

/** How many of the machines that share a name are listed for the caller to choose from. */
const LISTED_MAX = 10;

/** A machine, and whether a vetting agent is enrolled on it. */
export type FoundMachine = MachineRow & { vetted: boolean };

/** Which agents name their machine. */
interface FindOptions {
  /** Default: all. */
  agents?: "vetting";
  /** What to do when there is none, for people. */
  hint?: string;
}

/**
 * The one machine that has this id, name, serial or host name, or an agent of this id or name. Throws NOT_FOUND when
 * there is none, and INVALID_ARGUMENT when there are several.
 */
export async function findOne(db: Db, field: string, given: string, options: FindOptions = {}): Promise<FoundMachine> {
  requireText(field, given, { min: 1, max: 256, expected: "1 to 256 characters" });
  const [machine, ...others] = await candidates(db, given, options);
  if (!machine) throw noMachine(given, options);
  if (others.length > 0) throw ambiguous(field, given, [machine, ...others]);
  return machine;
}

function candidates(db: Db, given: string, options: FindOptions): Promise<FoundMachine[]> {
  const id = isUuid(given) ? given : null;
  const enrolled = db.selectFrom("agents").select("machine_id").where("lifecycle", "!=", "terminated");
  const vetting = enrolled.where("serves", "=", "vetting");
  const named = (options.agents === "vetting" ? vetting : enrolled).where((eb) =>
    eb.or([eb("name", "=", given), eb("id", "=", id)]),
  );
  return db
    .selectFrom("machines")
    .selectAll()
    .select((eb) => eb("id", "in", vetting).$castTo<boolean>().as("vetted"))
    .where((eb) =>
      eb.or([
        eb("id", "=", id),
        eb("name", "=", given),
        eb("serial", "=", given),
        eb("hostname", "=", given),
        eb("id", "in", named),
      ]),
    )
    .orderBy(sql`created_at`)
    .limit(LISTED_MAX + 1)
    .execute();
}

function noMachine(given: string, { agents, hint }: FindOptions): ConnectError {
  const agent = agents === "vetting" ? "vetting agent" : "agent";
  const what = `no machine has the id, name, serial or host name ${JSON.stringify(given)}, and no ${agent} that name or id`;
  return new ConnectError(hint === undefined ? what : `${what}; ${hint}`, Code.NotFound);
}

function ambiguous(field: string, given: string, machines: MachineRow[]): ConnectError {
  const listed = machines.slice(0, LISTED_MAX).map((machine) => `  ${describeMachine(machine)}`);
  const more = machines.length > LISTED_MAX ? ["  and more"] : [];
  const candidates = ["the id of one of these machines:", ...listed, ...more].join("\n");
  return invalidField(field, given, candidates);
}
