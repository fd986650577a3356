/** What one run of stressapptest says of itself. Every field is absent until it has said so. */
export interface StressapptestLog {
  version?: string;
  /** What it tests, in MiB, and for how long: said once the memory is allocated and filled. */
  mebibytes?: number;
  requestedSeconds?: number;
  /** How long it really ran. A run that was stopped early says so only here: its status is a pass all the same. */
  ranSeconds?: number;
  mebibytesPerSecond?: number;
  /** Wrong data that it read, by its own sum and by its lines, whichever is more. */
  incidents?: number;
  /** The first lines about wrong data. */
  details: string[];
  /** What went wrong in the program itself. */
  troubles: string[];
}

const DETAILS_MAX = 20;
const STARTING = /^Stats: Starting SAT, (\d{1,9})M, (\d{1,9}) seconds/m;
const COMPLETED =
  /^Stats: Completed: [\d.]{1,20}M in ([\d.]{1,20})s ([\d.]{1,20})MB\/s, with (\d{1,12}) hardware incidents, (\d{1,12}) errors/m;
const WRONG = /^(?:Hardware Error|Report Error): .*$/gm;

/** Reads stressapptest's log: its stdout, or what `-l` kept. */
export function parseStressapptest(text: string): StressapptestLog {
  const [, mebibytes, requested] = STARTING.exec(text) ?? [];
  const [, ran, rate, incidents, errors] = COMPLETED.exec(text) ?? [];
  const version = /^Stats: SAT revision ([\w.-]{1,64})/m.exec(text)?.[1];
  const wrong = [...text.matchAll(WRONG)].map(([line]) => line.slice(0, 300));
  const miscompares = wrong.filter((line) => line.startsWith("Hardware Error")).length;
  const found = incidents === undefined ? miscompares || undefined : Math.max(Number(incidents), miscompares);
  return {
    ...(version !== undefined && { version }),
    ...(mebibytes !== undefined && { mebibytes: Number(mebibytes) }),
    ...(requested !== undefined && { requestedSeconds: Number(requested) }),
    ...(ran !== undefined && { ranSeconds: Number(ran) }),
    ...(rate !== undefined && { mebibytesPerSecond: Number(rate) }),
    ...(found !== undefined && { incidents: found }),
    details: wrong.slice(0, DETAILS_MAX),
    troubles: troublesOf(text, Number(errors ?? 0)),
  };
}

function troublesOf(text: string, errors: number): string[] {
  const said = [...text.matchAll(/^(?:Process|Procedural) Error: (.*)$/gm)].map(([, what]) =>
    (what ?? "").slice(0, 300),
  );
  if (errors > 0) said.push(`${errors} errors of the program itself`);
  return said.slice(0, DETAILS_MAX);
}
