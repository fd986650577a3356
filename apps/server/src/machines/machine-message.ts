import { create } from "@bufbuild/protobuf";
import { MachineApproval, MachineSchema, type Machine } from "@groundcrew/proto";
import { sql, type SelectQueryBuilder } from "kysely";
import type { Db } from "../context.ts";
import type { MachineApprovalName } from "../db/schema.ts";
import { timestampOf, workflowStateOf } from "../names.ts";

/** Machines with what {@link machineMessage} takes: the agents on them and their newest vetting run. */
export function selectMachines(db: Db) {
  return db
    .selectFrom("machines")
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom("vetting_runs")
          .innerJoin("workflows", "workflows.id", "vetting_runs.workflow_id")
          .select(["workflows.id", "workflows.state"])
          .whereRef("vetting_runs.machine_id", "=", "machines.id")
          .orderBy("vetting_runs.workflow_id", "desc")
          .limit(1)
          .as("newest_run"),
      (join) => join.onTrue(),
    )
    .selectAll("machines")
    .select([
      "newest_run.id as vetting_run_id",
      "newest_run.state as vetting_state",
      sql<string[]>`array(select a.name from agents a where a.machine_id = machines.id order by a.name)`.as("agents"),
    ]);
}

/** A row of {@link selectMachines}. */
type ShownMachine =
  ReturnType<typeof selectMachines> extends SelectQueryBuilder<infer _Db, infer _Tables, infer Row> ? Row : never;

const approvals: Record<MachineApprovalName, MachineApproval> = {
  pending: MachineApproval.PENDING,
  approved: MachineApproval.APPROVED,
  rejected: MachineApproval.REJECTED,
};

/** A machine as the contract has it. */
export function machineMessage(row: ShownMachine): Machine {
  return create(MachineSchema, {
    id: row.id,
    identity: {
      systemUuid: row.system_uuid,
      boardSerial: row.board_serial,
      macs: row.macs,
      vendor: row.vendor,
      product: row.product,
      serial: row.serial,
      hostname: row.hostname,
    },
    agents: row.agents,
    ...(row.vetting_state !== null && { vettingState: workflowStateOf(row.vetting_state) }),
    vettingRunId: row.vetting_run_id ?? "0",
    createdAt: timestampOf(row.created_at),
    name: row.name,
    labels: row.labels,
    powerWatts: row.power_watts ?? 0,
    approval: approvals[row.approval],
    trouble: row.trouble,
    spec: row.spec_name ?? "",
    registeredBy: row.registered_by,
    diskSerials: [...(row.declared.diskSerials ?? [])],
    declaredMacs: [...(row.declared.macs ?? [])],
  });
}
