import type { StartVettingBatchRequest } from "@groundcrew/proto";
import { conflict, ConnectError, invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db } from "../../context.ts";
import { mistakes, readTable } from "../../machines/delivery.ts";
import type { MachineRow } from "../../machines/describe.ts";
import type { FoundMachine } from "../../machines/find.ts";
import { requireMap } from "../../validate.ts";
import { requireVettable, resolveTarget } from "../target.ts";

/** The most machines of one batch. */
const MAX_MACHINES = 10_000;

/** The columns that name a machine in a file of targets, the first that is there. */
const NAMING = ["machine", "id", "name", "serial"];

type Chosen = Pick<StartVettingBatchRequest, "targets" | "labels" | "targetsFile">;

/**
 * The machines that targets, labels and a file name together, each once, in that order. Throws INVALID_ARGUMENT when
 * there is none, or too many, and as of {@link resolveTarget} for each; mistakes in a file come with line and column.
 */
export async function chooseMachines(db: Db, { targets, labels, targetsFile }: Chosen): Promise<MachineRow[]> {
  const named: MachineRow[] = [];
  for (const target of targets) named.push(await resolveTarget(db, target));
  if (Object.keys(labels).length > 0) named.push(...(await labelled(db, labels)));
  if (targetsFile) named.push(...(await ofFile(db, targetsFile)));
  const machines = [...new Map(named.map((machine) => [machine.id, machine])).values()];
  if (machines.length === 0) throw invalidField("targets", "none", "at least one machine");
  if (machines.length > MAX_MACHINES) throw invalidField("targets", `${machines.length}`, `at most ${MAX_MACHINES}`);
  return machines;
}

/** The machines with all of these labels that are not rejected. */
async function labelled(db: Db, labels: Record<string, string>): Promise<MachineRow[]> {
  requireMap("labels", labels, { maxEntries: 64, maxKey: 128, maxValue: 128 });
  const vetting = db
    .selectFrom("agents")
    .select("machine_id")
    .where("lifecycle", "!=", "terminated")
    .where("serves", "=", "vetting");
  const machines: FoundMachine[] = await db
    .selectFrom("machines")
    .selectAll()
    .select((eb) => eb("id", "in", vetting).$castTo<boolean>().as("vetted"))
    .where(
      sql<boolean>`jsonb_build_object('model', product, 'vendor', vendor) || labels @> ${JSON.stringify(labels)}::text::jsonb`,
    )
    .where("approval", "!=", "rejected")
    .orderBy("name")
    .orderBy("created_at")
    .limit(MAX_MACHINES + 1)
    .execute();
  if (machines.length === 0) {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    throw conflict(`no machine has the labels ${wanted.join(",")}: crew machines ls`);
  }
  return machines.map(requireVettable);
}

async function ofFile(db: Db, file: { path: string; content: string }): Promise<MachineRow[]> {
  const [first = [], ...rest] = readTable(file);
  const header = first.map(({ text }) => text.toLowerCase());
  const column = NAMING.map((name) => header.indexOf(name)).find((index) => index >= 0);
  const cells = (column === undefined ? [first, ...rest] : rest).flatMap((row) => row[column ?? 0] ?? []);
  const machines: MachineRow[] = [];
  for (const { text, line, column: at } of cells) {
    machines.push(
      await resolveTarget(db, text).catch((error: unknown) => {
        if (!(error instanceof ConnectError)) throw error;
        throw mistakes([{ path: file.path, line, column: at, message: error.rawMessage }]);
      }),
    );
  }
  return machines;
}
