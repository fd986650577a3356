import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { MARKER_VARIABLE } from "../../process/process-tree.ts";
import { spawnGroup, type Spawned } from "../../process/spawn-group.ts";
import { stopCauseOf } from "../../process/stop-cause.ts";
import { supervise, type Launched, type ProcessEnd, type ProcessOptions } from "../../process/supervise.ts";
import { PidNamespace } from "./pid-namespace.ts";

/** What bubblewrap is told besides the process itself. */
export interface BubblewrapOptions {
  /** The program, as an absolute path. */
  bubblewrap: string;
  /** Its arguments: namespaces and mounts. */
  isolation: readonly string[];
}

// The process's keeper inside. It tells how the process ended: bubblewrap itself turns a signal into an exit code, and
// a shell remarks on it (only for SIGINT and SIGPIPE it does not). It stays until the agent has ended the rest, so
// that children may still clean up when the process has died of SIGTERM. 2: to the agent; 4: the process's stderr;
// 5: closed when the agent dies; 6 and 7: bubblewrap's.
const KEEPER = [
  "trap : HUP INT TERM",
  'command -v "$1" >/dev/null || { echo "$1: not found" >&2; exit 127; }',
  '(exec 2>&4 4>&- 5<&- 6<&- 7>&-; exec "$@")',
  'echo "exit $?" >&2',
  "read -r _ <&5",
].join("\n");

const FD = { report: 2, arguments: 6, status: 7 } as const;
// What bubblewrap and the keeper's shell say fits many times over.
const REPORT_MAX_BYTES = 64 * 1024;

/** Runs a process in a PID namespace of its own, which ends with it, with a stop, or with the agent, whatever happens. */
export async function runInBubblewrap(options: ProcessOptions, how: BubblewrapOptions): Promise<ProcessEnd> {
  if (options.stop.aborted) return { kind: "stopped", cause: stopCauseOf(options.stop) };
  const command = ["--args", String(FD.arguments), "--", "/bin/sh", "-c", KEEPER, "keeper", options.file];
  const spawned = await spawnGroup({
    file: how.bubblewrap,
    args: [...command, ...options.args],
    cwd: "/",
    // Not the step's environment: LD_PRELOAD and its like would reach bubblewrap itself, outside.
    env: { [MARKER_VARIABLE]: options.marker },
    outputs: options.outputs,
    stdio: ({ stdout, stderr, fd3 }) => ["ignore", stdout, "pipe", fd3, stderr, "pipe", "pipe", "pipe"],
  });
  if ("kind" in spawned) return spawned;
  const given = pipeOf(spawned.child, FD.arguments) as Writable;
  // It ended before it had read them: its exit tells more.
  given.on("error", () => {});
  given.end([...how.isolation, ...environmentOf(options)].map((text) => `${text}\0`).join(""));
  return supervise(launchedOf(spawned, options), options);
}

// Through a pipe: the command line of bubblewrap is there for every user to read.
function environmentOf({ env, marker, cwd }: ProcessOptions): string[] {
  const variables = Object.entries({ ...env, [MARKER_VARIABLE]: marker });
  const set = variables.flatMap(([name, value]) => ["--setenv", name, value]);
  return ["--clearenv", ...set, "--chdir", cwd, "--json-status-fd", String(FD.status)];
}

function launchedOf({ child, pid: groupId, sources }: Spawned, { marker }: ProcessOptions): Launched {
  const namespace = new PidNamespace({ child, status: pipeOf(child, FD.status) as Readable, marker });
  return {
    groupId,
    sources,
    exited: readReport(pipeOf(child, FD.report) as Readable),
    terminate: () => namespace.terminate(),
    ended: (timeoutMs) => namespace.ended(timeoutMs),
    kill: () => namespace.kill(),
  };
}

// Node's types know of five.
function pipeOf({ stdio }: ChildProcess, fd: number): unknown {
  return (stdio as readonly unknown[])[fd];
}

/** Reads what the keeper reports until it tells the end, or until it is gone. */
async function readReport(report: Readable): Launched["exited"] {
  let text = "";
  try {
    for await (const chunk of report.iterator({ destroyOnReturn: false })) {
      text = (text + String(chunk)).slice(-REPORT_MAX_BYTES);
      if (/^exit \d+\n/m.test(text)) break;
    }
  } catch {
    // A broken pipe has no more to give.
  }
  report.resume();
  return parseReport(text);
}

function parseReport(text: string): Awaited<Launched["exited"]> {
  const [, remark = "", code] = /^([^]*?)exit (\d+)\n/.exec(text) ?? [];
  if (code !== undefined) return endOf(Number(code), remark);
  if (text === "") return { kind: "signaled", signal: "SIGKILL" };
  return { kind: "not_started", message: text.trim() };
}

function endOf(code: number, remark: string): Awaited<Launched["exited"]> {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  if (remark !== "" && signal !== undefined) return { kind: "signaled", signal };
  return { kind: "exited", exitCode: code };
}
