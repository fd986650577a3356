import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { BRIEF_FLAGS, mainOf, plainEnvironment } from "@groundcrew/testkit/program";
import { runCrew } from "../run.ts";
import { FAKE_TOKEN } from "./fake-server.ts";
import { memoryIo } from "./memory-io.ts";

/** How a `crew` process ended, and what it said. */
export interface CrewResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A running `crew` process. */
export interface CrewProcess {
  child: ChildProcess;
  /** Resolves once its standard output or error holds `text`; rejects when it ends before that. */
  said(text: string): Promise<void>;
  ended: Promise<CrewResult>;
}

/** Where a `crew` runs. */
export interface CrewOptions {
  /** The server, with {@link FAKE_TOKEN}. */
  url?: string;
  cwd?: string;
  env?: Record<string, string>;
  /** What it reads from standard input. Default: nothing. */
  input?: string;
}

/** Starts the real program. Nothing of this user's own configuration reaches it. */
export function startCrew(args: string[], options: CrewOptions = {}): CrewProcess {
  const child = spawn(process.execPath, [...BRIEF_FLAGS, mainOf("cli"), ...args], {
    cwd: options.cwd ?? "/",
    env: { ...plainEnvironment(), ...ownEnvironment(options) },
    stdio: "pipe",
  });
  child.stdin.end(options.input ?? "");
  const result: CrewResult = { exitCode: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (result.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (result.stderr += text));
  const ended = once(child, "close").then(([exitCode]) => ({ ...result, exitCode: exitCode as number | null }));
  return { child, ended, said: (text) => said(child, result, text) };
}

/** Runs the real program to its end: for what is about the process, as a start takes a third of a second. */
export function crewProcess(args: string[], options: CrewOptions = {}): Promise<CrewResult> {
  return startCrew(args, options).ended;
}

/** Runs a command line to its end in this process: all but `main.ts`, on streams in memory. */
export async function crew(args: string[], options: CrewOptions = {}): Promise<CrewResult> {
  const { cwd = "/", input = "" } = options;
  const io = { ...memoryIo({ env: ownEnvironment(options), input }), cwd };
  const exitCode = await runCrew(args, io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

function ownEnvironment({ url, env }: CrewOptions): Record<string, string> {
  return { ...(url !== undefined && { GROUNDCREW_URL: url, GROUNDCREW_TOKEN: FAKE_TOKEN }), ...env };
}

function said(child: ChildProcess, result: CrewResult, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (`${result.stdout}${result.stderr}`.includes(text)) resolve();
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("close", () => reject(new Error(`crew ended without saying ${text}: ${JSON.stringify(result)}`)));
    look();
  });
}
