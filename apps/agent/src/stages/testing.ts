import { mkdtempSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type TestContext } from "node:test";
import { mainOf } from "@groundcrew/testkit/program";
import {
  OcpWriter,
  parseProfile,
  PROFILED_STAGES,
  type ProfiledStageName,
  type RunEnd,
  stageFacts,
  stageOverrides,
  type StageProfile,
} from "@groundcrew/vetting";
import { execa, execaSync } from "execa";
import { compileCache } from "../compile-cache.ts";
import type { Stage } from "./stage.ts";

/** How a stage's process ended, and what it left. */
interface EndedStage {
  exitCode: number | undefined;
  /** Its lines for people. */
  log: string;
  /** What it wrote on the evidence channel. */
  ocp: string;
  /** The names of the files in its folder. */
  files: string[];
}

/** A stage's process. */
export interface StageProcess {
  pid: number;
  /** The first line for people that matches, past or to come. Rejects when the process ends without it. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<EndedStage>;
}

/** Starts a stage as the agent does: the real program, in a folder of its own. The test's end stops and removes it. */
export async function startStage(
  t: TestContext,
  name: string,
  options: { parameters?: Record<string, unknown> | string; path?: string; env?: Record<string, string> } = {},
): Promise<StageProcess> {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-stage-"));
  const { parameters = {}, path = process.env["PATH"] ?? "", env = {} } = options;
  const json = typeof parameters === "string" ? parameters : JSON.stringify(parameters);
  const child = execa(process.execPath, [mainOf("stage"), name], {
    cwd: folder,
    env: { PATH: path, LANG: "C.UTF-8", GROUNDCREW_STAGE_PARAMETERS: json, ...compileCache(), ...env },
    extendEnv: false,
    reject: false,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    all: true,
  });
  t.after(async () => {
    child.kill("SIGTERM");
    await child;
    await rm(folder, { recursive: true });
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.all });
  reader.on("line", (line) => lines.push(line));
  return {
    pid: child.pid ?? 0,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.map((line) => pattern.exec(line)).find((match) => match !== null);
          if (found) resolve(found);
        };
        look();
        reader.on("line", look);
        reader.once("close", () =>
          reject(new Error(`the stage ended without saying ${pattern}:\n${lines.join("\n")}`)),
        );
      }),
    ended: child.then(async (result) => ({
      exitCode: result.exitCode,
      log: result.all,
      ocp: result.stdio[3],
      files: (await readdir(folder)).toSorted(),
    })),
  };
}

/** A reason to skip a test, naming the Debian package, where a tool is not there; false where it is. */
export function skipWithout(tool: string): string | false {
  const { failed } = execaSync(tool, ["--version"], { reject: false });
  return failed ? `needs ${tool} (Debian package ${tool})` : false;
}

/** True while the process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A stage that ran in this process. */
export interface RanStage {
  end: RunEnd | undefined;
  /** What it threw, if it did. */
  error: unknown;
  ocp: string;
  /** Its lines for people. */
  said: string[];
}

/** What running a stage in this process takes. */
export interface RunHereOptions {
  parameters?: Record<string, unknown>;
  /** In which it leaves its files; the process goes there. */
  folder: string;
  signal?: AbortSignal;
  onSay?: (line: string) => void;
  previous?: string;
}

/** Runs a stage in this process, which is much cheaper than `startStage`: for tests of what a stage concludes. */
export async function runHere(stage: Stage, options: RunHereOptions): Promise<RanStage> {
  const before = process.cwd();
  process.chdir(options.folder);
  const ran: RanStage = { end: undefined, error: undefined, ocp: "", said: [] };
  const ocp = new OcpWriter({ write: (line) => (ran.ocp += line), now: () => new Date() });
  const say = (line: string) => {
    ran.said.push(line);
    options.onSay?.(line);
  };
  try {
    ran.end = await stage({
      parameters: options.parameters ?? {},
      overrides: stageOverrides({}),
      destructive: false,
      facts: stageFacts({}),
      ocp,
      program: { name: "stage", version: "0", commandLine: "stage" },
      signal: options.signal ?? new AbortController().signal,
      say,
      ...(options.previous !== undefined && { previous: options.previous }),
    });
    ocp.end(ran.end);
  } catch (error) {
    ran.error = error;
  } finally {
    process.chdir(before);
  }
  return ran;
}

/** The profile of one stage, from the YAML of its stanza. Every other stage is skipped. */
export function stanza(name: ProfiledStageName, yaml: string): StageProfile {
  const others = PROFILED_STAGES.filter((other) => other !== name).map((other) => `  ${other}: { skip: not asked }\n`);
  const indented = yaml.replaceAll(/^(?=.)/gm, "    ");
  const content = `name: test\ndescription: one stage\nstages:\n  ${name}:\n${indented}\n${others.join("")}`;
  const result = parseProfile({ path: "test.yaml", content });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.profile.stages.find((stage) => stage.name === name) as StageProfile;
}

/** Makes a folder with programs of these names and scripts, puts it first in PATH, and removes it at the test's end. */
export function standIns(t: TestContext, scripts: Record<string, string>): string {
  const folder = toolFolder(t, scripts);
  const path = process.env["PATH"] ?? "";
  process.env["PATH"] = `${folder}:${path}`;
  t.after(() => (process.env["PATH"] = path));
  return folder;
}

/** A PATH on which a shell script stands before the real tool of this name. It goes with the test. */
export function standInPath(t: TestContext, tool: string, script: string): string {
  return `${toolFolder(t, { [tool]: script })}:${process.env["PATH"]}`;
}

function toolFolder(t: TestContext, scripts: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "groundcrew-tools-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  }
  return folder;
}
