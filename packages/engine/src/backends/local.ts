import { runProcess } from "../process/run-process.ts";
import type { ProcessEnd } from "../process/supervise.ts";
import type { Backend, BackendRunOptions } from "./backend.ts";
import { runInBubblewrap } from "./bubblewrap/launch.ts";

/** The whole machine as it is; the process tree alone is held together. */
export const TREE_ONLY = ["--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "--die-with-parent"];

const ALWAYS = "A step can read and change what the agent's user can, its credential included.";
const WITH_BUBBLEWRAP = "sudo and other setuid programs gain no rights in a step.";
const WITHOUT_BUBBLEWRAP = [
  "When the agent is killed, what its steps started runs on until the agent's next start.",
  "A process that leaves its process group and clears its environment outlives a stop of its step.",
];

/** Steps run as the agent's user on the machine as it is. */
export class Local implements Backend {
  readonly name = "local";
  readonly isolates = false;
  readonly limits: readonly string[];
  readonly #bubblewrap: string | undefined;

  /** `bubblewrap`: the program where it works here, as an absolute path. */
  constructor({ bubblewrap }: { bubblewrap: string | undefined }) {
    this.#bubblewrap = bubblewrap;
    this.limits = [ALWAYS, ...(bubblewrap === undefined ? WITHOUT_BUBBLEWRAP : [WITH_BUBBLEWRAP])];
  }

  async run(options: BackendRunOptions): Promise<ProcessEnd> {
    if (options.network === "none") return { kind: "not_started", message: "the local backend has no network: none" };
    const bubblewrap = this.#bubblewrap;
    return bubblewrap === undefined
      ? runProcess(options)
      : runInBubblewrap(options, { bubblewrap, isolation: TREE_ONLY });
  }

  async cleanUp(): Promise<void> {
    // Nothing but processes, which the agent finds by their markers.
  }
}
