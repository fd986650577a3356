import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { compileCache } from "../compile-cache.ts";

const PROGRAM = fileURLToPath(new URL("run-stage.ts", import.meta.url));

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
  options: { parameters?: Record<string, unknown> | string; path?: string } = {},
): Promise<StageProcess> {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-stage-"));
  const { parameters = {}, path = process.env["PATH"] ?? "" } = options;
  const json = typeof parameters === "string" ? parameters : JSON.stringify(parameters);
  const child = execa(process.execPath, [PROGRAM, name], {
    cwd: folder,
    env: { PATH: path, LANG: "C.UTF-8", GROUNDCREW_STAGE_PARAMETERS: json, ...compileCache() },
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

/** True while the process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
