import type { AgentLog } from "./log.ts";

/** How an agent is to be. */
export interface AgentOptions {
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
  labels: Record<string, string>;
  /** Workflows at once. */
  capacity: number;
  serves: "build" | "vetting";
  /** A folder that only this agent uses. */
  stateDirectory: string;
  /** What a drain may take before what runs is handed back, in milliseconds. */
  drainTimeoutMs: number;
  /** From SIGTERM to SIGKILL of a step, in milliseconds. */
  killGraceMs: number;
  /** Variables for every step. */
  stepEnv: Record<string, string>;
  /** Runs a stage: a script that takes the stage's name. Default: the built-in one. */
  stageProgram?: string;
  log: AgentLog;
}
