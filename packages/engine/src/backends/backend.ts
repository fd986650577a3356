import type { ProcessEnd, ProcessOptions } from "../process/supervise.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** The ways to run steps, from the one that isolates most by its own means to the one that does not at all. */
export const BACKEND_NAMES = ["sandbox", "local", "container"] as const;

/** One of them. */
export type BackendName = (typeof BACKEND_NAMES)[number];

/** What to run as part of a step, and where. */
export interface BackendRunOptions extends ProcessOptions {
  /** The folders of the workflow. All that an isolating backend lets the process change. */
  workspace: Workspace;
  /** Whether it reaches the machine's network or only a loopback interface of its own. Default: host. */
  network?: "host" | "none";
  /** The image to run it in, on a backend that has images. Default: the backend's. */
  image?: string;
  /** What an isolating backend shows beyond the system's own folders, at the same path. Default: nothing. */
  readOnlyPaths?: readonly string[];
}

/**
 * Where and how the processes of steps run. Whichever it is, a process has an empty stdin and only the environment it
 * is given; it has ended when its whole tree has; a stop reaches the whole tree with SIGTERM, then SIGKILL; and when
 * the agent is killed nothing of it stays alive. What a backend cannot keep of that here it says in `limits`.
 */
export interface Backend {
  readonly name: BackendName;
  /** Whether it keeps steps from the agent's files and other workflows: untrusted work may only run where it does. */
  readonly isolates: boolean;
  /** What it cannot promise on this machine: sentences for people. */
  readonly limits: readonly string[];
  /** Runs a process until its whole tree has ended and its output is taken. Throws what a sink or `onStart` throws. */
  run(options: BackendRunOptions): Promise<ProcessEnd>;
  /** Ends and removes what an earlier process of this agent left, beyond processes that carry its markers. */
  cleanUp(): Promise<void>;
}
