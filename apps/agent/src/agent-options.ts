import type { ArchiveLimits, OpenBackendOptions } from "@groundcrew/engine";
import type { AgentLog } from "./log.ts";
import type { CrashSources } from "./workflows/collect-crash.ts";
import type { LogLimits } from "./logs/log-limits.ts";
import type { ListedStage } from "./stages/listed-stage.ts";

/** What an agent offers to workflows. */
export interface Offer {
  labels: Record<string, string>;
  /** Workflows at once. */
  capacity: number;
}

/** How an agent is to be. */
export interface AgentOptions extends Offer {
  /** The server: "https://host:port", or "http://host:port" on loopback. */
  server: string;
  /** Enrols it the first time. */
  token?: string | undefined;
  /** Pins the server's certificate: "sha256:" and 64 hexadecimal digits. */
  fingerprint?: string | undefined;
  /** The certificate authority to trust instead of the system's, PEM. */
  ca?: string | undefined;
  /** Default: the enrolled name, or else one made of the host name. */
  name?: string | undefined;
  /** Takes one workflow, and leaves the server for good when it has ended. Default: false. */
  once?: boolean;
  serves: "build" | "vetting";
  /** A folder that only this agent uses. */
  stateDirectory: string;
  /** What a drain may take before what runs is handed back, in milliseconds. */
  drainTimeoutMs: number;
  /** From SIGTERM to SIGKILL of a step, in milliseconds. */
  killGraceMs: number;
  /** What clean-up steps have altogether after a cancel or a timeout, in milliseconds. Default: 5 min. */
  cleanupTimeoutMs?: number;
  /** Where and how the steps of builds run. */
  backend: Omit<OpenBackendOptions, "hiddenPaths" | "owner">;
  /** Files that no step may read, besides the state directory. Default: none. */
  privateFiles?: readonly string[];
  /** Which workspaces are moved to `kept/` of the state directory rather than deleted. Default: none. */
  keepWorkspaces?: "never" | "failed" | "always";
  /** What a workspace may hold, in bytes; 0: anything. Default: 0. */
  workspaceMaxBytes?: number;
  /** How much of a step run's log is kept. */
  logLimits: LogLimits;
  /** How much one artifact or cache may hold. Default: `DEFAULT_LIMITS` of the engine. */
  archiveLimits?: ArchiveLimits;
  /** Variables for every step. */
  stepEnv: Record<string, string>;
  /** The authorized_keys file that a held machine's key goes into. Default: none does. */
  authorizedKeys?: string | undefined;
  /** Switches the machine off. Default: the server may not ask for that. */
  powerOff?: () => Promise<void>;
  /** Where a machine keeps what is left of a crash. Default: where Linux does. */
  crashSources?: CrashSources;
  /** Runs a stage: a script that takes the stage's name. Default: the built-in one. */
  stageProgram?: string;
  /** Third parties' stages that may run here. Default: none. */
  listedStages?: readonly ListedStage[];
  /**
   * Lets the storage stage destroy the data of a disk that an operator names by its serial, if every gate lets it.
   * Default: false.
   */
  destructiveTests?: boolean;
  log: AgentLog;
}
