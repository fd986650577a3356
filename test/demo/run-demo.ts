import { ConnectError } from "@groundcrew/rpc";
import { renderFailure, toFailure } from "../../apps/cli/src/failure.ts";
import type { Io } from "../../apps/cli/src/io.ts";
import { Session } from "../../apps/cli/src/session.ts";
import { formatDuration } from "../../apps/cli/src/terminal/duration.ts";
import { paint, type Style } from "../../apps/cli/src/terminal/style.ts";
import { scoped } from "@groundcrew/testkit/processes";
import { emptyKeptFolder, KeptLogs, REPORT_FILE } from "./kept.ts";
import { playDemo } from "./play-demo.ts";

const ExitCode = { ok: 0, failed: 1, interrupted: 130 } as const;

/** How long a call to the server may take, in milliseconds: the machine may be busy. */
const CALL_TIMEOUT_MS = 30_000;

/** How the demo is run. */
export interface DemoOptions {
  /** Kill an agent and the server in mid-run. */
  chaos: boolean;
  /** Aborted when whoever pressed Ctrl-C does not want to wait. */
  hurry: AbortSignal;
}

/** Runs the demo and takes down everything it started. Returns the exit code; tells errors and throws nothing. */
export async function runDemo(io: Io, options: DemoOptions): Promise<number> {
  const session = new Session(io, { timeout: CALL_TIMEOUT_MS }, "table");
  const startedMs = io.now();
  const logs = new KeptLogs();
  const exitCode = await attempt(session, options, logs);
  session.print(await endingOf(exitCode, logs, formatDuration(io.now() - startedMs), io.stdout.style));
  return exitCode;
}

async function attempt(session: Session, options: DemoOptions, logs: KeptLogs): Promise<number> {
  try {
    await emptyKeptFolder();
    const passed = await scoped((owner) => playDemo({ ...options, owner, session, logs }));
    return passed ? ExitCode.ok : ExitCode.failed;
  } catch (error) {
    if (session.io.signal.aborted) return ExitCode.interrupted;
    session.note("", ...explain(error, session.io.stderr.style));
    return ExitCode.failed;
  } finally {
    session.close();
  }
}

/** What the server refused is told as `crew` tells it; what our own programs said may have many lines. */
function explain(error: unknown, style: Style): string[] {
  if (error instanceof ConnectError) return renderFailure(toFailure(error), style);
  return [`${paint(style, "red", "error:")} ${error instanceof Error ? error.message : String(error)}`];
}

async function endingOf(exitCode: number, logs: KeptLogs, took: string, style: Style): Promise<string[]> {
  if (exitCode === ExitCode.interrupted) return [`Interrupted after ${took}. Nothing is left.`];
  if (exitCode === ExitCode.ok) {
    const passed = paint(style, "green", "Everything passed");
    return [`${passed}, in ${took}. Nothing is left running. The report: ${REPORT_FILE}`, "", ...nextCommands()];
  }
  const failed = `${paint(style, "red", "The demo failed")}, after ${took}.`;
  return [(await logs.write()) ? `${failed} What its programs logged: ${logs.folder}` : failed];
}

function nextCommands(): string[] {
  return [
    "Next:",
    "  make up                                          keep a server and a build agent",
    "  bin/crew submit YOUR/REPO/.groundcrew.yaml -w    run a pipeline of your own",
    "  bin/crew agents enroll                           the line for a second machine",
  ];
}
