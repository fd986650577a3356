import type { ArchiveLimits, Backend, Workspace } from "@groundcrew/engine";
import type { ServerLink } from "../connection/server-link.ts";
import type { Log } from "../log.ts";
import type { LogLimits } from "../logs/log-limits.ts";
import type { Journal } from "../state/journal.ts";
import type { ListedStage } from "../stages/listed-stage.ts";
import type { StateDirectory } from "../state/state-directory.ts";
import type { CrashSources } from "./collect-crash.ts";
import type { Lease } from "./lease.ts";
import type { StageStops } from "./stage-stops.ts";
import type { StepRun } from "./step-run.ts";

/** What every workflow of this agent is run with. */
interface RunSettings {
  agentName: string;
  /** Variables for every step. */
  stepEnv: Record<string, string>;
  /** From SIGTERM to SIGKILL, in milliseconds. */
  killGraceMs: number;
  /** What clean-up steps have altogether after a cancel or a timeout, in milliseconds. */
  cleanupTimeoutMs: number;
  /** How much of a step run's log is kept. */
  logLimits: LogLimits;
  /** What no log or evidence of a vetting run may show: the token that enrolled the agent. */
  secrets: readonly string[];
  /** Where a machine keeps what is left of a crash. Default: where Linux does. */
  crashSources?: CrashSources;
  /** How much one artifact or cache may hold. */
  archiveLimits: ArchiveLimits;
  /** Runs a stage; see `AgentOptions`. */
  stageProgram: string;
  /** Third parties' stages; see `AgentOptions`. */
  listedStages: readonly ListedStage[];
  /** Whether stages may destroy data; see `AgentOptions`. */
  destructiveTests: boolean;
  /** Which workspaces are kept; see `AgentOptions`. */
  keepWorkspaces: "never" | "failed" | "always";
  /** How long lines may wait for a batch to fill, in milliseconds. */
  logIntervalMs: number;
  /** The largest batch of log lines, in bytes. */
  logBatchMaxBytes: number;
  /** How long the server holds Wait, in milliseconds. */
  pollHoldMs: number;
}

/** What a workflow's run needs from the agent. */
export interface RunEnvironment {
  link: ServerLink;
  log: Log;
  state: StateDirectory;
  /** Where the steps of builds run. Stages run on the machine as it is. */
  backend: Backend;
  settings: RunSettings;
  /** Told when a run came to hold its machine. */
  onHold: () => void;
}

/** One run of one workflow. */
export interface RunContext extends RunEnvironment {
  lease: Lease;
  journal: Journal;
  /** In the environment of every process of the run. */
  marker: string;
  /** Stops of single stages. */
  stageStops: StageStops;
  /** Where this run's spools are. */
  spoolDirectory: string;
  /** All step runs so far. */
  stepRuns: StepRun[];
  /** Makes the folders at the first call. */
  workspace: () => Promise<Workspace>;
}
