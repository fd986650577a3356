import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Backend, emptyDirectory, isRunning, killMarked, removeTree, signalGroup } from "@groundcrew/engine";
import PQueue from "p-queue";
import type { EnqueueLogRequest } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { ServerLink } from "../connection/server-link.ts";
import { sendLog } from "../logs/send-log.ts";
import { Spool } from "../logs/spool.ts";
import type { Log } from "../log.ts";
import { readJournals, type JournalEntry } from "../state/journal.ts";
import type { StateDirectory } from "../state/state-directory.ts";

// Old logs must not crowd out the new ones.
const SENDERS = 2;
// Answers to a log, not to the agent: the same lines are never taken.
const NEVER_TAKEN: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.FailedPrecondition,
  Code.OutOfRange,
]);

/** Ends what a killed process left running on this machine, and deletes its workspaces. Its spools stay. */
export async function endLeftovers(state: StateDirectory, backend: Backend, log: Log): Promise<void> {
  for (const entry of await readJournals(state.held)) {
    const { workflowId, epoch } = entry;
    log.warn({ workflowId, epoch }, "an earlier process was killed while it ran this workflow; ending what is left");
    await endProcesses(entry);
  }
  await backend.cleanUp();
  await emptyDirectory(state.held);
  await emptyDirectory(state.work);
}

async function endProcesses({ groups, marker }: JournalEntry): Promise<void> {
  for (const leader of groups) if (isRunning(leader)) signalGroup(leader.pid, "SIGKILL");
  await killMarked(marker);
}

/** How left spools are sent. */
export interface SendLeftOptions {
  state: StateDirectory;
  /** The folders found in the spool directory at the start. */
  left: readonly string[];
  link: ServerLink;
  log: Log;
  maxBytes: number;
}

/** The workflows whose spools an earlier process left, as folders. */
export async function findLeftSpools(state: StateDirectory): Promise<string[]> {
  const entries = await readdir(state.spool, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(state.spool, name));
}

/**
 * Sends what earlier processes left unsent, and deletes it. What the server never takes, or cannot be read, is dropped.
 * Throws any other refusal, such as one of the agent itself, and keeps what is not sent.
 */
export async function sendLeftSpools(options: SendLeftOptions, signal: AbortSignal): Promise<void> {
  const queue = new PQueue({ concurrency: SENDERS });
  const send = (directory: string) => sendWorkflow(directory, options, signal);
  await queue.addAll(options.left.map((directory) => () => send(directory)));
}

async function sendWorkflow(directory: string, options: SendLeftOptions, signal: AbortSignal): Promise<void> {
  for (const name of await readdir(directory)) {
    try {
      await sendSpool(await Spool.open(join(directory, name)), options, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectError && !NEVER_TAKEN.has(error.code)) throw error;
      options.log.warn({ err: error, spool: join(directory, name) }, "an old log cannot be sent; dropping it");
    }
  }
  await removeTree(directory);
}

async function sendSpool(spool: Spool, options: SendLeftOptions, signal: AbortSignal): Promise<void> {
  const { link, maxBytes } = options;
  const enqueue = (request: EnqueueLogRequest) =>
    link.untilAnswered((client, how) => client.enqueueLog(request, how), { signal });
  await sendLog({ spool, enqueue, intervalMs: 0, maxBytes, signal });
  const { workflowId, epoch, step } = spool.header;
  options.log.info({ workflowId, epoch, step, lines: spool.lineCount }, "sent a log that an earlier process left");
}
