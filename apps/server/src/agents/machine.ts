import type { MachineIdentity } from "@groundcrew/proto";
import { sql } from "kysely";
import type { MachinePolicy, Tx } from "../context.ts";
import { describeMachine, type MachineRow } from "../machines/describe.ts";
import { requireText } from "../validate.ts";

const FIELD_MAX = 256;
const MACS_MAX = 64;

/** How a machine came to be seen. */
interface Sight {
  identity: MachineIdentity;
  /** The machine its agent was on before. */
  previousId: string | null;
  /** Its agent enrols with a token that was made for it alone. */
  invited: boolean;
  policy: MachinePolicy;
}

/** What tells machines apart. */
export type IdentityValues = Pick<MachineRow, "system_uuid" | "board_serial" | "serial" | "macs">;

/**
 * The machine with this identity, made when it is new. Known by its system UUID, else its serial, else its board's, else
 * a MAC it shares; one that tells nothing of itself is the one its agent had before. A doubtful one (its marks are those
 * of several machines, or it has none) waits for an operator.
 */
export async function findMachine(tx: Tx, { identity, previousId, invited, policy }: Sight): Promise<string> {
  const values = checkedIdentity(identity);
  const [found, ...others] = await matchingMachines(tx, values);
  const machine = found ?? (await previous(tx, previousId, values));
  const trouble = troubleOf(values, others);
  if (machine) return update(tx, machine, values, trouble);
  const welcome = policy.approval === "always" || (policy.approval === "enrolled" && invited);
  const approval = welcome && trouble === "" ? "approved" : "pending";
  const row = { ...values, approval, trouble } as const;
  return (await tx.insertInto("machines").values(row).returning("id").executeTakeFirstOrThrow()).id;
}

/**
 * The machines that one with these marks may be, the best first. One whose system UUID or serial is another is not among
 * them, whatever else they share: makers have shipped boards with the same UUID.
 */
export async function matchingMachines(tx: Tx, values: IdentityValues): Promise<MachineRow[]> {
  // One registration at a time decides what is a new machine.
  await sql`select pg_advisory_xact_lock(hashtext('groundcrew machines'))`.execute(tx);
  const { system_uuid: uuid, serial, board_serial: board, macs } = values;
  const machines = await tx
    .selectFrom("machines")
    .selectAll()
    .where(
      sql<boolean>`(system_uuid = ${uuid} and system_uuid <> '') or (serial = ${serial} and serial <> '')
        or (board_serial = ${board} and board_serial <> '') or macs && ${[...macs]}::text[]`,
    )
    .orderBy("created_at")
    .limit(100)
    .execute();
  const rank = (each: MachineRow): number => {
    const marks = [each.system_uuid === uuid && uuid !== "", each.serial === serial && serial !== ""];
    return [...marks, each.board_serial === board && board !== "", true].indexOf(true);
  };
  return machines.filter((each) => !contradicts(each, values)).toSorted((a, b) => rank(a) - rank(b));
}

function contradicts(machine: IdentityValues, { system_uuid, serial }: IdentityValues): boolean {
  const differ = (a: string, b: string): boolean => a !== "" && b !== "" && a !== b;
  return differ(machine.serial, serial) || (serial === "" && differ(machine.system_uuid, system_uuid));
}

/** What its agent was on before, unless this is evidently other hardware: a disk may have moved. */
async function previous(tx: Tx, id: string | null, values: IdentityValues): Promise<MachineRow | undefined> {
  if (id === null) return undefined;
  const machine = await tx.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirst();
  return machine && !contradicts(machine, values) ? machine : undefined;
}

async function update(tx: Tx, machine: MachineRow, values: Values, trouble: string): Promise<string> {
  // What is new about it waits for an operator; what one has accepted does not come up again.
  const isNew = trouble !== "" && trouble !== machine.accepted_trouble;
  const doubt = isNew && machine.approval === "approved" ? ({ approval: "pending" } as const) : {};
  await tx
    .updateTable("machines")
    .set({ ...kept(values, machine), trouble: isNew ? trouble : "", ...doubt })
    .where("id", "=", machine.id)
    .execute();
  return machine.id;
}

/** What an agent cannot see, as an ordinary user may not, stays as somebody else told it. */
function kept(values: Values, machine: MachineRow): Values {
  const { system_uuid, board_serial, serial } = machine;
  return {
    ...values,
    system_uuid: values.system_uuid || system_uuid,
    board_serial: values.board_serial || board_serial,
    serial: values.serial || serial,
    macs: values.macs.length > 0 ? values.macs : machine.macs,
  };
}

function troubleOf(values: IdentityValues, others: readonly MachineRow[]): string {
  const { system_uuid, board_serial, serial, macs } = values;
  if (others.length > 0)
    return `it shares marks with ${others.slice(0, 3).map(describeMachine).join("; ")}`.slice(0, 1000);
  const marks = [system_uuid, board_serial, serial, ...macs];
  return marks.every((mark) => mark === "") ? "it tells nothing that would tell it from others" : "";
}

type Values = ReturnType<typeof checkedIdentity>;

function checkedIdentity(identity: MachineIdentity) {
  const text = (field: "systemUuid" | "boardSerial" | "vendor" | "product" | "serial" | "hostname"): string =>
    requireText(`info.machine.${field}`, identity[field], {
      max: FIELD_MAX,
      expected: `at most ${FIELD_MAX} characters`,
    });
  const macs = identity.macs.slice(0, MACS_MAX).filter((mac) => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac));
  return {
    system_uuid: text("systemUuid"),
    board_serial: text("boardSerial"),
    macs,
    vendor: text("vendor"),
    product: text("product"),
    serial: text("serial"),
    hostname: text("hostname"),
  };
}
