import { type Capture, metric, unreadable } from "./capture.ts";
import { isStressNg, readStressNg } from "./stress/stress-ng.ts";

const MEMORY_STRESSORS =
  /^(?:vm|vm-.*|memrate|memthrash|mmap.*|malloc|bigheap|stack|brk|mcontend|physpage|numa|matrix.*)$/;
/** A test that ends this much before its time was stopped. */
const COMPLETE_SHARE = 0.95;

/** Reads a log of stressapptest or memtester, or what stress-ng's `vm` wrote (YAML, log or both). */
export function readMemory(text: string): Capture {
  if (/^(?:\d{4}\/\d{2}\/\d{2}-\S+ )?(?:Stats|Log|Status|Report|Hardware|Process) ?(?:Error)?: |\bSAT\b/m.test(text))
    return readSat(text);
  if (/^memtester version /m.test(text)) return readMemtester(text);
  if (isStressNg(text)) return readStressNg(text, { prefix: "memory", stressors: MEMORY_STRESSORS });
  return unreadable("this is neither a log of stressapptest or memtester nor of stress-ng, or it is cut off");
}

/** stressapptest: what it was asked for, what it did, and what it found. Its status alone is not asked: stopped, it is PASS. */
function readSat(text: string): Capture {
  const asked = /Stats: Starting SAT, (\d{1,9})M, (\d{1,9}) seconds/.exec(text);
  const did =
    /Stats: Completed: [\d.]+M in ([\d.]{1,12})s [\d.]+MB\/s, with (\d{1,9}) hardware incidents, (\d{1,9}) errors/.exec(
      text,
    );
  const status = /^(?:\S+ )?Status: (PASS|FAIL)\b(.*)\r?\n/m.exec(text);
  const miscompares = [...text.matchAll(/(?:Hardware|Report) Error: (.*)/g)].map(([, words]) => words ?? "");
  const [wanted, ran] = [asked?.[2], did?.[1]].map((seconds) => (seconds === undefined ? undefined : Number(seconds)));
  const failed = status?.[1] === "FAIL";
  const procedural = failed && /procedural/i.test(status[2] ?? "");
  const errors =
    did === null ? (miscompares.length > 0 ? miscompares.length : undefined) : Number(did[2]) + Number(did[3]);
  return {
    measurements: [
      // It also says FAIL for what it found while it counts no error.
      ...metric("memory.errors", errors === undefined ? undefined : Math.max(errors, Number(failed && !procedural))),
      ...metric("memory.tested_bytes", asked === null ? undefined : Number(asked[1]) * 2 ** 20, "B"),
      ...metric("memory.seconds", ran, "s"),
      ...metric(
        "memory.completed_share",
        wanted === undefined || ran === undefined || wanted === 0 ? undefined : ran / wanted,
      ),
    ],
    problems: [
      ...(procedural ? [`stressapptest: ${(status[2] ?? "").replace(/^ - /, "")}`] : []),
      ...[...text.matchAll(/^.*(Process Error: .*)$/gm)]
        .slice(0, 5)
        .map(([, words]) => `stressapptest: ${words ?? ""}`),
      ...(/User exiting early/.test(text) ? ["somebody stopped it before its time"] : []),
      ...(asked && did && status
        ? []
        : ["the log does not go from its start to its status: it was killed, or cut off"]),
      ...(wanted !== undefined && ran !== undefined && ran < wanted * COMPLETE_SHARE
        ? [`it ran for ${ran} s of ${wanted} s: it was stopped`]
        : []),
    ],
    notes: miscompares.slice(0, 5),
  };
}

/** memtester: loops of tests, each `ok` or with a line that says FAILURE. */
function readMemtester(text: string): Capture {
  const failures = [...text.matchAll(/FAILURE: (.*)/g)];
  const bytes = /^got +(\d{1,9})MB/m.exec(text)?.[1];
  const loops = [...text.matchAll(/^Loop (\d+)(?:\/(\d+))?:/gm)];
  const [last, all] = [loops.at(-1)?.[1], loops.at(-1)?.[2]];
  const done = /^Done\.\r?\n/m.test(text) && loops.length > 0 && (all === undefined || last === all);
  return {
    measurements: [
      ...metric("memory.errors", loops.length === 0 ? undefined : failures.length),
      ...metric("memory.tested_bytes", bytes === undefined ? undefined : Number(bytes) * 2 ** 20, "B"),
    ],
    problems: done ? [] : ["memtester did not get to its end: it was stopped, or the log is cut off"],
    notes: failures.slice(0, 5).map(([line]) => line),
  };
}
