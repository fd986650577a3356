import { totalmem } from "node:os";
import { makeStageCgroup } from "./stage-cgroup.ts";

/** What is left to the agent and the system: 2 %, at least 256 MiB and at most 4 GiB. */
const RESERVE = { share: 0.02, minBytes: 256 * 2 ** 20, maxBytes: 4 * 2 ** 30 };
/** How much nicer than the agent a stage is: it shall have all that is idle, and the agent what it needs at once. */
const NICENESS = 10;

/**
 * Run before the stage's program, in its process: the first to be ended when memory runs out, in its control group or
 * else with a limit on each process's data, and nicer than the agent. What the system refuses is left as it is.
 * Arguments: the group's file or "", the limit in KiB, the program.
 */
const SCRIPT = `echo 1000 > /proc/self/oom_score_adj
if [ -z "$1" ] || ! echo $$ > "$1"; then ulimit -d "$2"; fi
shift 2
command -v nice >/dev/null && exec nice -n ${NICENESS} "$@"
exec "$@"`;

/** A program and how it is started. */
interface Command {
  file: string;
  args: readonly string[];
}

/** What a stage may use, in bytes: all memory but the reserve. */
export function stageMemory(totalBytes = totalmem()): number {
  const reserve = Math.min(Math.max(totalBytes * RESERVE.share, RESERVE.minBytes), RESERVE.maxBytes);
  return Math.max(Math.floor(totalBytes - reserve), 0);
}

/** A command that does the same as `command`, held so that the agent outlives it. `limitBytes` default: see `stageMemory`. */
export function guarded<C extends Command>(command: C, procs: string | undefined, limitBytes = stageMemory()): C {
  const limitKib = String(Math.floor(limitBytes / 1024));
  return {
    ...command,
    file: "/bin/sh",
    args: ["-c", SCRIPT, "stage", procs ?? "", limitKib, command.file, ...command.args],
  };
}

/** Does `work` with a guard for one stage's command. `name` tells its control group from others'. */
export async function withGuard<T>(name: string, work: (guard: <C extends Command>(command: C) => C) => Promise<T>) {
  const cgroup = await makeStageCgroup(name, stageMemory());
  try {
    return await work((command) => guarded(command, cgroup?.procs));
  } finally {
    await cgroup?.remove();
  }
}
