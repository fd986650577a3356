import { randomUUID } from "node:crypto";
import { saveReport } from "../../apps/cli/src/report.ts";
import type { Operator, Session } from "../../apps/cli/src/session.ts";
import { paint } from "../../apps/cli/src/terminal/style.ts";
import { presenterFor } from "../../apps/cli/src/watch/present.ts";
import { atEnd, type Owner } from "../../packages/testkit/src/at-end.ts";
import { wreakHavoc, type Kill } from "./chaos.ts";
import { checkEverything } from "./checks.ts";
import { startFleet, VETTING_AGENT, type Fleet } from "./fleet.ts";
import { CHECKOUT, REPORT_FILE, type KeptLogs } from "./kept.ts";
import { demoProfile, hasTool, STRESS_TOOL } from "./profile.ts";
import { presentation } from "./progress.ts";
import type { DemoOptions } from "./run-demo.ts";
import { PIPELINE_PATH, takeSnapshot, type Snapshot } from "./snapshot.ts";
import { stepTools } from "./step-tools.ts";
import { renderSummary } from "./summary.ts";
import { Watch, type WatchOptions } from "./watch-both.ts";
import { makeWorkplace } from "./workplace.ts";

/** What a play needs. */
export interface PlayOptions extends DemoOptions {
  owner: Owner;
  session: Session;
  logs: KeptLogs;
}

/** Plays the demo on a stage that its owner takes down. True when everything passed. */
export async function playDemo(options: PlayOptions): Promise<boolean> {
  const { owner, session } = options;
  const { signal } = session.io;
  session.print([title(session, options.chaos)]);
  const folder = await makeWorkplace(owner, options.hurry);
  const [snapshot, stepEnv] = await Promise.all([takeSnapshot(CHECKOUT, folder), stepTools(CHECKOUT)]);
  const tell = teller(session);
  tell("HEAD", `is ${snapshot.source.commit.slice(0, 7)}${changesNote(snapshot)}`);
  const fleet = await startFleet({ owner, logs: options.logs, stepEnv, tell, signal });
  const { url, adminToken: token } = fleet.server;
  const operator = await session.dial({ url, token });
  // What is in flight would hold up the server's end.
  atEnd(owner, () => session.close());
  const work = await submitWork(operator, session, snapshot, tell);
  const { pipeline, vetting, kills } = await watchWork({ ...work, operator, fleet, options });
  const checks = await checkEverything(operator, { pipeline, vetting, kills, signal });
  if (vetting.reportReady) await saveReport(quiet(session), operator, vetting.id, REPORT_FILE);
  const { lines, passed } = renderSummary({ pipeline, vetting, checks }, session.view());
  session.print(lines);
  return passed;
}

function title({ io: { stdout } }: Session, chaos: boolean): string {
  const what = "this repository is built and this machine is vetted";
  const twist = chaos ? ", while an agent and the server are killed" : "";
  return `${paint(stdout.style, "bold", "Groundcrew demo")}: ${what}${twist}.`;
}
