import { formatDuration } from "../../apps/cli/src/terminal/duration.ts";
import { follow } from "../../apps/cli/src/watch/follow.ts";
import type { Operator } from "../../apps/cli/src/session.ts";
import type { TestAgent, TestServer } from "@groundcrew/testkit/processes";
import type { Fleet } from "./fleet.ts";
import { LINES_STEP, LINES_WORKFLOW } from "./numbered-lines.ts";

/** One program that was killed and started again. */
export interface Kill {
  /** "build-1", or "server". */
  program: string;
  /** How many lines of the try that ran then the server had. */
  atLine: number;
  /** From the kill to when it answered again, in milliseconds. */
  awayMs: number;
}

/** What is killed when. */
export interface ChaosOptions {
  fleet: Fleet;
  operator: Operator;
  /** The workflow that prints numbered lines. */
  workflowId: string;
  /** Tells what is done, as it is done. */
  note: (text: string) => void;
  signal: AbortSignal;
}

/** How many lines must have come from a try before something is killed: it is in the middle then. */
const KILL_AT_LINE = 500;

/**
 * Kills the agent that prints the numbered lines, and then, while they are printed anew, the server with its Postgres:
 * each with SIGKILL, and starts each again. Kills less when the workflow ends before.
 */
export async function wreakHavoc(options: ChaosOptions): Promise<Kill[]> {
  const { fleet, operator, workflowId } = options;
  const first = await untilPrinting(options, 0n);
  if (!first) return [];
  const { workflow } = await operator.getWorkflow({ id: workflowId });
  const agent = fleet.agents.get(workflow?.agent ?? "");
  if (!agent) throw new Error(`the server says that ${workflow?.agent || "no agent"} runs ${LINES_WORKFLOW}`);
  const kills = [await kill(agent.name, agent, first.lines, options)];
  const second = await untilPrinting(options, first.epoch);
  if (second) kills.push(await kill("server", fleet.server, second.lines, options));
  return kills;
}

async function kill(
  name: string,
  program: TestServer | TestAgent,
  atLine: number,
  { fleet, note }: ChaosOptions,
): Promise<Kill> {
  note(`kill -9 ${program.process.pid}: ${name} dies, ${atLine} lines into ${LINES_WORKFLOW}`);
  const killedMs = performance.now();
  await fleet.killAndRestart(name, program);
  const awayMs = performance.now() - killedMs;
  note(`${name} is back, after ${formatDuration(awayMs)}`);
  return { program: name, atLine, awayMs };
}

/** Waits until a try later than the epoch has printed some lines. Undefined when the workflow ends before. */
async function untilPrinting(
  { operator, workflowId, signal }: ChaosOptions,
  after: bigint,
): Promise<{ epoch: bigint; lines: number } | undefined> {
  const leave = new AbortController();
  const parts = follow({
    open: (signal) => operator.tailLogs({ workflowId, step: LINES_STEP, follow: true }, { signal }),
    signal: AbortSignal.any([signal, leave.signal]),
  });
  try {
    for await (const { stepRun, firstLine, entries } of parts) {
      const [epoch, lines] = [BigInt(stepRun?.epoch ?? 0), firstLine + entries.length];
      if (epoch > after && lines >= KILL_AT_LINE) return { epoch, lines };
    }
    return undefined;
  } finally {
    leave.abort();
  }
}
