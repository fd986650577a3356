/** What stress-ng said of one run, on standard error or in its log. */
export interface StressLog {
  /** Undefined: the log does not tell. */
  version?: string;
  /** How long it was asked to run. */
  requestedSeconds?: number;
  /** Which stressors it started, and how many of each. */
  dispatched: { stressor: string; instances: number }[];
  /** Of its table of metrics. */
  metrics: { stressor: string; bogoOps: number; seconds: number }[];
  /** Wrong results, and stressors that failed. */
  failures: string[];
  /** What kept it from its work: no memory, no such stressor, untrustworthy metrics. */
  troubles: string[];
  /** Its last words, which it also says when it was stopped. */
  ended?: { seconds: number; successful: boolean };
}

/** `stress-ng: info:  [123] text`, without the front part with `--log-brief`, and with the time with `--timestamp`. */
const LINE =
  /^(?:stress-ng: )?(?:\d{2}-\d{2}-\d{2} )?(?:\d{2}:\d{2}:\d{2}\.\d{1,6} )?(?:(info|fail|error|warn|metrc|debug|skip): +)?(?:\[\d+\] )?(.*)$/;

const WRONG =
  /\bverif(?:y|ication) (?:failed|failure|error)|\bfailed verif|miscompare|mismatch|checksum|bit errors? (?:found|detected)|detected \d+ bit errors?|incorrect|error detected|stressor failed/i;
const NO_STRESSOR = /not implemented|cannot|no resources|skipped|out of memory|aborted|terminated on signal|unlimited/i;
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  secs: 1,
  second: 1,
  seconds: 1,
  min: 60,
  mins: 60,
  minute: 60,
  minutes: 60,
  hour: 3600,
  hours: 3600,
  hr: 3600,
  day: 86_400,
  days: 86_400,
};

/** True for a text in which stress-ng says what it does. */
export function isStressLog(text: string): boolean {
  return /\bdispatching hogs: /.test(text) || /^stress-ng: (?:info|error|fail): /m.test(text);
}

/** Reads what stress-ng says. Lines of other programs are ignored. */
export function readStressLog(text: string): StressLog {
  const lines = text.split("\n").flatMap((line) => {
    const [, level = "", words = ""] = LINE.exec(line.trimEnd()) ?? [];
    return words === "" ? [] : [{ level, words }];
  });
  const find = (pattern: RegExp): RegExpExecArray | undefined =>
    lines.map(({ words }) => pattern.exec(words)).find((match) => match !== null) ?? undefined;
  const requested = find(/^setting to an? (.*?) run per stressor/)?.[1];
  const ended = find(/^(un)?successful run completed in (.*)$/);
  const version = /\bstress-ng[ ,:]+(?:version )?(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
  return {
    ...(version !== undefined && { version }),
    ...(requested !== undefined && known("requestedSeconds", durationOf(requested))),
    dispatched: dispatchedOf(find(/^dispatching hogs: (.*)$/)?.[1] ?? ""),
    metrics: lines.flatMap(({ words }) => tableRow(words)),
    failures: lines.filter(isFailure).map(({ words }) => words.trim()),
    troubles: lines.filter(isTrouble).map(({ words }) => words.trim()),
    ...(ended && { ended: { seconds: durationOf(ended[2] ?? "") ?? 0, successful: ended[1] === undefined } }),
  };
}

type Line = { level: string; words: string };

function isFailure({ level, words }: Line): boolean {
  // Since 0.16 a summary counts what happened: `failed: 2: cpu (2)`; `failed: 0` is none.
  const failed = /^failed: (\d+)/.exec(words)?.[1];
  if (failed !== undefined) return Number(failed) > 0;
  return level === "fail" || (level !== "debug" && WRONG.test(words));
}

function isTrouble({ level, words }: Line): boolean {
  const many = /^(?:skipped|metrics[ -]untrustworthy): (\d+)/.exec(words)?.[1];
  if (many !== undefined) return Number(many) > 0;
  if (WRONG.test(words)) return false;
  return (
    level === "error" ||
    words.startsWith("unsuccessful run") ||
    (level === "skip" && NO_STRESSOR.test(words)) ||
    /^0 stressors? started/.test(words)
  );
}

function dispatchedOf(text: string): StressLog["dispatched"] {
  return [...text.matchAll(/(\d{1,9}) ([a-z][\w-]*)/g)].map(([, instances, stressor = ""]) => ({
    stressor,
    instances: Number(instances),
  }));
}

/** `cpu   4520   3.00   2.33 …`: bogo operations, then seconds. */
function tableRow(words: string): StressLog["metrics"] {
  const [, stressor, ops, seconds] =
    /^([a-z][\w-]*) +(\d{1,18}) +(\d{1,9}\.\d{1,6}) +\d+\.\d+ +\d+\.\d+/.exec(words) ?? [];
  if (stressor === undefined) return [];
  return [{ stressor, bogoOps: Number(ops), seconds: Number(seconds) }];
}

/** `1 min, 30.05 secs`, `3.01s`, `1 day, 2 hours`. Undefined: it is no duration. */
function durationOf(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d{1,9}(?:\.\d{1,6})?) ?([a-z]+)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((total, [, amount, unit]) => total + Number(amount) * (UNIT_SECONDS[unit ?? ""] ?? 0), 0);
}

function known(name: "requestedSeconds", value: number | undefined): { requestedSeconds?: number } {
  return value === undefined || value === 0 ? {} : { [name]: value };
}
