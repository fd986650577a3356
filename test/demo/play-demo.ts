import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { Pipeline, VettingRun } from "@groundcrew/proto";
import type { Operator, Session } from "../../apps/cli/src/session.ts";
import { paint } from "../../apps/cli/src/terminal/style.ts";
import { atEnd, type Owner } from "../../packages/testkit/src/at-end.ts";
import { checkKills, checkRecords, readRecords } from "./checks.ts";
import { startFleet, VETTING_AGENT, type Fleet } from "./fleet.ts";
import { CHECKOUT, REPORT_FILE, type KeptLogs } from "./kept.ts";
import { demoProfile, hasTool, STRESS_TOOL } from "./profile.ts";
import type { DemoOptions } from "./run-demo.ts";
import { PIPELINE_PATH, takeSnapshot, type Snapshot } from "./snapshot.ts";
import { stepTools } from "./step-tools.ts";
import { hasPassed, renderFailedSteps, renderSummary } from "./summary.ts";
import { watchWork } from "./watch-work.ts";
import { makeWorkplace } from "./workplace.ts";

/** What a play needs. */
export interface PlayOptions extends DemoOptions {
  owner: Owner;
  session: Session;
  logs: KeptLogs;
}

/** Plays the demo on a stage that its owner takes down. True when everything passed. */
export async function playDemo(options: PlayOptions): Promise<boolean> {
  const { session, chaos } = options;
  const { signal } = session.io;
  const stopping = (): void => session.print(["", "Stopping and removing everything …"]);
  announce(session, chaos);
  signal.addEventListener("abort", stopping);
  const stage = await raiseCurtain(options);
  // From here on the live view has the terminal, and must be gone before something else is said.
  signal.removeEventListener("abort", stopping);
  try {
    return await perform(options, stage);
  } catch (error) {
    if (signal.aborted) stopping();
    throw error;
  }
}

interface Stage {
  operator: Operator;
  fleet: Fleet;
  snapshot: Snapshot;
}

/** Starts all that takes part. */
async function raiseCurtain({ owner, session, hurry, logs }: PlayOptions): Promise<Stage> {
  const { signal } = session.io;
  const tell = teller(session);
  const folder = await makeWorkplace(owner, hurry);
  const [snapshot, stepEnv] = await Promise.all([takeSnapshot(CHECKOUT, folder), stepTools(CHECKOUT)]);
  tell("HEAD", `is ${snapshot.source.commit.slice(0, 7)}${changesNote(snapshot)}`);
  const fleet = await startFleet({ owner, logs, stepEnv, tell, signal });
  const { url, adminToken: token } = fleet.server;
  const operator = await session.dial({ url, token });
  // A connection in use would hold up the server's end.
  atEnd(owner, () => session.close());
  signal.throwIfAborted();
  return { operator, fleet, snapshot };
}

/** Submits the work, shows it, and holds the promises against what is left of it. True when everything passed. */
async function perform({ session, chaos }: PlayOptions, { operator, fleet, snapshot }: Stage): Promise<boolean> {
  const { signal } = session.io;
  const tell = teller(session);
  const work = await submitWork(operator, snapshot, tell);
  const { kills, ...ended } = await watchWork({ ...work, operator, fleet, session, chaos });
  const records = await readRecords(operator, ended, signal);
  const checks = checkRecords(records, kills);
  if (chaos) checks.unshift(checkKills(kills));
  if (ended.vetting.reportReady) await fetchReport(operator, ended.vetting);
  const ending = { ...ended, checks };
  const logs = records.flatMap((record) => record.logs);
  session.print([...renderSummary(ending, session.view()), ...renderFailedSteps(logs, session.view())]);
  return hasPassed(ending);
}

type Tell = (name: string, what: string) => void;

function announce(session: Session, chaos: boolean): void {
  const { style } = session.io.stdout;
  const twist = chaos ? ", while an agent and the server are killed" : "";
  const what = `this repository is built and this machine is vetted${twist}`;
  session.print([`${paint(style, "bold", "Groundcrew demo")}: ${what}.`, ""]);
}

function teller(session: Session): Tell {
  const { style } = session.io.stdout;
  return (name, text) => {
    if (!session.io.signal.aborted) session.print([`  ${paint(style, "bold", name.padEnd(9))} ${text}`]);
  };
}

function changesNote({ changeCount }: Snapshot): string {
  if (changeCount === 0) return "";
  const changes = changeCount === 1 ? "1 uncommitted change is" : `${changeCount} uncommitted changes are`;
  return `; it is what is built: ${changes} not`;
}

async function submitWork(
  operator: Operator,
  { pipelineFile, source }: Snapshot,
  tell: Tell,
): Promise<{ pipeline: Pipeline; vetting: VettingRun }> {
  const file = { path: PIPELINE_PATH, content: pipelineFile };
  const { pipeline } = await operator.submitPipeline({ file, source, idempotencyKey: randomUUID() });
  const hasStressTool = hasTool(STRESS_TOOL);
  if (!hasStressTool)
    tell("vetting", `goes without ${STRESS_TOOL} (Debian package ${STRESS_TOOL}): its stage is a declared skip`);
  const { run: vetting } = await operator.startVetting({ target: VETTING_AGENT, ...demoProfile(hasStressTool) });
  if (!pipeline || !vetting) throw new Error("the server did not answer what it queued");
  return { pipeline, vetting };
}

async function fetchReport(operator: Operator, { id }: VettingRun): Promise<void> {
  await writeFile(REPORT_FILE, parts());
  async function* parts(): AsyncGenerator<Uint8Array> {
    for await (const { data } of operator.getVettingReport({ id })) yield data;
  }
}
