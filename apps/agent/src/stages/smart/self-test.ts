import { setTimeout as delay } from "node:timers/promises";
import type { SelfTestName, SelfTestReading, SelfTestSupport } from "@groundcrew/vetting";
import type { SelfTestCommands } from "./commands.ts";
import type { Drive } from "./drive.ts";

/** A drive that does not tell how long a test takes: 2 min is usual for the short one, a day for the largest drives. */
const USUAL_MINUTES = { short: 2, conveyance: 5, long: 24 * 60 };
/** A drive under load tests more slowly than it says. */
const PATIENCE = 2;
const PATIENCE_MS = 5 * 60_000;
/** A test that has neither begun nor left a trace by then never ran. */
const BEGINS_MS = 60_000;
/** What stopping a test may take: the stage itself has not much longer once it is told to stop. */
const STOP_MS = 3000;
/** A drive may miss a question while it is busy, but not this many in a row. */
const MISSED_MAX = 5;

/** What a drive's self-tests came to. */
export interface SelfTestResult {
  /** How many it offers of those that were asked. */
  asked: number;
  /** How many ran to an end, passed or failed. */
  completed: number;
  failed: number;
  /** Tests that could not be asked, and why. */
  absent: { test: SelfTestName; why: string }[];
  /** Why a test that was asked did not run to its end. */
  troubles: string[];
}

/** What running a drive's self-tests needs to know. */
export interface SelfTestOptions {
  drive: Drive;
  commands: SelfTestCommands;
  tests: readonly SelfTestName[];
  pollMs: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

/**
 * Lets a drive test itself, one test after another, and watches. A test that is left early is stopped: a drive goes on
 * after the process that asked it is gone. Throws only when the signal aborts.
 */
export async function runSelfTests(options: SelfTestOptions): Promise<SelfTestResult> {
  const { commands, tests, signal } = options;
  const result: SelfTestResult = { asked: 0, completed: 0, failed: 0, absent: [], troubles: [] };
  if (tests.length === 0) return result;
  const support = await commands.support(signal);
  for (const test of tests) {
    const why = whyNot(support, test);
    if (why !== undefined) result.absent.push({ test, why });
    else await add(result, options, test, limitMs(support as SelfTestSupport, test));
  }
  return result;
}

function whyNot(support: SelfTestSupport | { why: string }, test: SelfTestName): string | undefined {
  if ("why" in support) return support.why;
  if (support.supported === false) return "the drive offers no self-tests";
  return test === "conveyance" && !support.conveyance ? "the drive offers no conveyance self-test" : undefined;
}

function limitMs({ minutes }: SelfTestSupport, test: SelfTestName): number {
  return (minutes[test] ?? USUAL_MINUTES[test]) * 60_000 * PATIENCE + PATIENCE_MS;
}

async function add(result: SelfTestResult, options: SelfTestOptions, test: SelfTestName, limit: number) {
  const { drive, say } = options;
  result.asked += 1;
  const end = await runSelfTest(options, test, limit);
  say(`${drive.name}: ${test} self-test: ${end.text}`);
  if (end.outcome === "passed" || end.outcome === "failed") result.completed += 1;
  else result.troubles.push(`${test} self-test: ${end.text}`);
  if (end.outcome === "failed") result.failed += 1;
}

type TestEnd = NonNullable<SelfTestReading["newest"]> | { outcome: "none"; text: string };

async function runSelfTest(options: SelfTestOptions, test: SelfTestName, limit: number): Promise<TestEnd> {
  const { drive, commands, signal, say } = options;
  const before = await commands.read(signal);
  if (before?.running !== undefined) {
    say(`${drive.name}: stopping the self-test that still runs`);
    await commands.stop(signal);
  }
  let end: TestEnd | undefined;
  try {
    const refused = await commands.start(test, signal);
    if (refused !== undefined) return (end = { outcome: "none", text: `not started: ${refused}` });
    say(`${drive.name}: ${test} self-test started`);
    return (end = await watch(options, before?.log, limit));
  } finally {
    if (end === undefined || end.outcome === "none") await commands.stop(AbortSignal.timeout(STOP_MS)).catch(() => {});
  }
}

/** Waits for the end of the test that was started. `logBefore`: how the log was, to know the new entry. */
async function watch(options: SelfTestOptions, logBefore: string | undefined, limit: number): Promise<TestEnd> {
  const { commands, pollMs, signal } = options;
  const startedMs = performance.now();
  let [seen, missed, told] = [false, 0, ""];
  // Asked soon the first time, so that a test that ends before the first interval is seen to run.
  for (let waitMs = Math.min(pollMs, 1000); ; waitMs = pollMs) {
    await delay(waitMs, undefined, { signal });
    const now = await commands.read(signal);
    const elapsedMs = performance.now() - startedMs;
    missed = now === undefined ? missed + 1 : 0;
    seen ||= now?.running !== undefined;
    if (missed >= MISSED_MAX) return { outcome: "none", text: "the drive no longer tells how far it is" };
    if (elapsedMs > limit) return { outcome: "none", text: `not done after ${Math.round(limit / 60_000)} min` };
    if (now === undefined) continue;
    if (now.running !== undefined) told = progress(options, now.running.donePercent, told);
    else if (now.newest !== undefined && (seen || now.log !== logBefore)) return now.newest;
    else if (elapsedMs > BEGINS_MS) return { outcome: "none", text: "the drive shows no trace of it" };
  }
}

function progress({ drive, say }: SelfTestOptions, done: number | undefined, told: string): string {
  const line = done === undefined ? "running" : `${done} % done`;
  if (line !== told) say(`${drive.name}: self-test: ${line}`);
  return line;
}
