import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  InitRequestSchema,
  NextActionSchema,
  PutBlobRequestSchema,
  StartVettingRequestSchema,
  StepState,
  UpdateRequestSchema,
  WorkKind,
  type NextAction,
  type RunStage,
} from "@groundcrew/proto";
import { OcpWriter, type RunEnd } from "@groundcrew/vetting";
import { createHash } from "node:crypto";
import type { Caller } from "../../agents/caller.ts";
import { putBlob } from "../../blobs/put-blob.ts";
import type { ServerContext } from "../../context.ts";
import { enrolAgent, takeOne } from "../../testing/fleet.ts";
import { startVetting } from "../start.ts";
import { initWorkflow, updateStepRun } from "../../testing/verbs.ts";

/** A profile of two stages, one of them optional, with a gate each. */
export const PROFILE = `
name: bench
description: what the tests run
stages:
  inventory:
    timeout: 30s
    gates: [{ metric: cpu.threads, op: ">=", value: 2 }]
  spec_validate: { skip: no specification }
  smart: { skip: no drives }
  cpu_stress:
    timeout: 60s
    parameters: { segments: 1, segment_seconds: 1 }
    gates:
      - { metric: cpu_stress.verify_failures, op: "=", value: 0 }
      - { metric: cpu_stress.machine_checks, op: "=", value: 0, optional: true }
  memory: { skip: not today }
  storage: { skip: not today }
  network: { skip: not today }
  gpu: { skip: none in this machine }
  psu: { skip: not today }
  firmware: { skip: not today }
`;

/** {@link PROFILE}, with a comparison with the specification: a run without one skips it. */
export const SPEC_PROFILE = PROFILE.replace("{ skip: no specification }", "{ without_spec: none was given }");

/** Enrols a vetting agent. */
export function enrolVettingAgent(context: ServerContext, changes: { name?: string } = {}): Promise<Caller> {
  return enrolAgent(context, { serves: WorkKind.VETTING, capacity: 1, ...changes });
}

/** Moves an agent to a machine of its own with this host name. Returns the machine's id. */
export async function moveToMachine({ db }: ServerContext, { agentId }: Caller, hostname: string): Promise<string> {
  const { id } = await db
    .insertInto("machines")
    .values({
      system_uuid: "",
      board_serial: "",
      macs: [],
      vendor: "ACME",
      product: "Box 9",
      serial: `SN-${hostname}`,
      hostname,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await db.updateTable("agents").set({ machine_id: id }).where("id", "=", agentId).execute();
  return id;
}

/** Starts a run of {@link PROFILE}, or of what the request says, as `alice`. Returns its id. */
export function start(
  context: ServerContext,
  target: string,
  request: MessageInitShape<typeof StartVettingRequestSchema> = {
    profileFile: { path: "bench.yaml", content: PROFILE },
  },
): Promise<string> {
  return startVetting(context, "alice", create(StartVettingRequestSchema, { ...request, target }));
}

/** What a test's agent reports of a stage. */
interface StageReport {
  /** The evidence. Default: none is stored. */
  ocp?: string;
  state?: StepState;
  exitCode?: number;
  error?: string;
  try?: number;
  sequence?: number;
}

/** A lease of a vetting run, with what its agent does. */
export class HeldRun {
  readonly workflowId: string;
  readonly epoch: string;
  readonly #context: ServerContext;
  readonly #caller: Caller;

  constructor(context: ServerContext, caller: Caller, lease: { workflowId: string; epoch: string }) {
    this.#context = context;
    this.#caller = caller;
    this.workflowId = lease.workflowId;
    this.epoch = lease.epoch;
  }

  /** Takes the one run that waits for this agent. */
  static async take(context: ServerContext, caller: Caller): Promise<HeldRun> {
    return new HeldRun(context, caller, await takeOne(context, caller));
  }

  /** Starts the run, or asks again what is next. */
  async init(): Promise<NextAction["action"]> {
    const request = create(InitRequestSchema, { workflowId: this.workflowId, epoch: this.epoch });
    return actionOf(await initWorkflow(this.#context, this.#caller, request));
  }

  /** Stores a stage's file. */
  async store(stage: string, name: string, text: string, tryNumber = 1): Promise<void> {
    const content = Buffer.from(text);
    const stepRun = { workflowId: this.workflowId, epoch: this.epoch, step: stage, try: tryNumber };
    const sha256 = createHash("sha256").update(content).digest();
    const header = { stepRun, name, contentType: "application/jsonl", size: String(content.length), sha256 };
    await putBlob(this.#context, this.#caller, messages({ ...header, offset: "0" }, content));
  }

  /** Stores a stage's evidence and reports its end: succeeded, exit code 0, unless said otherwise. */
  async report(stage: string, report: StageReport = {}): Promise<NextAction["action"]> {
    const { ocp, state = StepState.SUCCEEDED, exitCode, error = "", sequence = 2 } = report;
    const tryNumber = report.try ?? 1;
    if (ocp !== undefined) await this.store(stage, "ocp.jsonl", ocp, tryNumber);
    const request = create(UpdateRequestSchema, {
      stepRun: { workflowId: this.workflowId, epoch: this.epoch, step: stage, try: tryNumber },
      sequence,
      state,
      ...(exitCode !== undefined && { exitCode }),
      error,
    });
    return actionOf(await updateStepRun(this.#context, this.#caller, request));
  }
}

/** The stage that an agent is told to run. Throws when it is told something else. */
export function stageOf(action: NextAction["action"]): Pick<RunStage, "stage" | "try"> {
  if (action.case !== "runStage") throw new Error(`the agent is told to ${action.case}`);
  return { stage: action.value.stage, try: action.value.try };
}

/** The evidence of a stage that measured these metrics. */
export function ocpOf(metrics: Record<string, number>, end: RunEnd | null = { status: "COMPLETE", result: "PASS" }) {
  return ocpWith((ocp) => {
    for (const [name, value] of Object.entries(metrics)) ocp.measurement(name, value);
  }, end);
}

/** The evidence of a stage that wrote these records between its start and its end; null: it has no end. */
export function ocpWith(
  record: (ocp: OcpWriter) => void,
  end: RunEnd | null = { status: "COMPLETE", result: "PASS" },
): string {
  let text = "";
  const ocp = new OcpWriter({ write: (line) => (text += line), now: () => new Date(0) });
  ocp.start({ name: "stage", version: "1", commandLine: "stage", parameters: {}, dutInfo: { dutInfoId: "m" } });
  record(ocp);
  if (end) ocp.end(end);
  return text;
}

/** Evidence on which each stage of {@link PROFILE} passes. */
export const GOOD = {
  inventory: ocpOf({ "cpu.threads": 8 }),
  cpu_stress: ocpOf({ "cpu_stress.verify_failures": 0 }),
};

function actionOf(next: MessageInitShape<typeof NextActionSchema>): NextAction["action"] {
  return create(NextActionSchema, next).action;
}

async function* messages(header: object, data: Uint8Array) {
  yield create(PutBlobRequestSchema, { part: { case: "header", value: header } } as never);
  yield create(PutBlobRequestSchema, { part: { case: "data", value: data } });
}
