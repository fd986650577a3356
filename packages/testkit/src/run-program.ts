import { execa } from "execa";
import { BRIEF_FLAGS, mainOf, plainEnvironment, type Program } from "./program.ts";
import { atEnd, type Owner } from "./at-end.ts";
import type { TestServer } from "./server.ts";
import { TestProcess } from "./test-process.ts";

/** How a program ended, and what it said. */
export interface ProgramResult {
  /** Undefined when a signal ended it. */
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

/** Where `crew` runs. */
export interface CrewOptions {
  /** Default: "/". */
  cwd?: string;
  env?: Readonly<Record<string, string>>;
}

/** The longest a program that ends by itself may take, in milliseconds; then it is killed. */
const RUN_MAX_MS = 60_000;

/** Runs the real `crew` to its end, with the admin token of a server. */
export function runCrew(
  server: CrewTarget,
  args: readonly string[],
  { cwd = "/", env = {} }: CrewOptions = {},
): Promise<ProgramResult> {
  return run("cli", args, cwd, { ...crewEnvironment(server), ...env });
}

/** Starts a `crew` that goes on until it is told to stop, or its owner ends. */
export function startCrew(owner: Owner, server: CrewTarget, args: readonly string[]): TestProcess {
  const crew = new TestProcess({ program: "cli", args, env: crewEnvironment(server) });
  atEnd(owner, () => crew.close(owner));
  return crew;
}

type CrewTarget = Pick<TestServer, "url" | "adminToken" | "fingerprint">;

function crewEnvironment({ url, adminToken, fingerprint }: CrewTarget): Record<string, string> {
  const trust = fingerprint === "" ? {} : { GROUNDCREW_FINGERPRINT: fingerprint };
  return { GROUNDCREW_URL: url, GROUNDCREW_TOKEN: adminToken, ...trust };
}

/** Runs a server to its end: a command such as `migrate`, or one that cannot start. */
export function runServer(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProgramResult> {
  return run("server", args, "/", env);
}

/** Runs an agent to its end: one that cannot start, or is not wanted. */
export function runAgent(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProgramResult> {
  return run("agent", args, "/", env);
}

async function run(
  program: Program,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<ProgramResult> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [...BRIEF_FLAGS, mainOf(program), ...args], {
    cwd,
    env: { ...plainEnvironment(), ...env },
    extendEnv: false,
    stdin: "ignore",
    reject: false,
    stripFinalNewline: false,
    timeout: RUN_MAX_MS,
    killSignal: "SIGKILL",
  });
  return { exitCode, stdout, stderr };
}
