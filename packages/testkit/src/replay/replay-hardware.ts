import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Owner } from "../at-end.ts";
import { temporaryFolder } from "../folder.ts";
import { loadScenario, type Scenario } from "./scenario.ts";
import { writeStandIn } from "./stand-in.ts";

/** A machine that is not there. */
export interface ReplayedHardware {
  /** For an agent: its tools are the stand-ins and no others, its /proc and /sys the scenario's. */
  env: { PATH: string; GROUNDCREW_SYSTEM_ROOT: string };
  /** Makes it another machine, at the same place: for an agent between two runs. */
  become(scenario: Scenario | string): Promise<void>;
  /** What a tool was called with so far, a line for each call. */
  calls(tool: string): Promise<string[]>;
  /** The process that a stand-in let escape, once it has. */
  escaped(tool: string): Promise<number | undefined>;
}

/**
 * Puts up the machine of a scenario: programs that answer as its tools would, and a folder that holds its /proc and /sys.
 * A name is one of those in `scenarios/`. Gone with its owner.
 */
export async function replayHardware(owner: Owner, scenario: Scenario | string): Promise<ReplayedHardware> {
  const folder = await temporaryFolder(owner, "hardware");
  const [bin, root] = [join(folder, "bin"), join(folder, "root")];
  const read = (path: string) => readFile(join(folder, path), "utf8").catch(() => "");
  const become = async (scenario: Scenario | string) => {
    for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true });
    await putUp(folder, typeof scenario === "string" ? await loadScenario(scenario) : scenario);
  };
  await become(scenario);
  return {
    env: { PATH: bin, GROUNDCREW_SYSTEM_ROOT: root },
    become,
    calls: async (tool) => (await read(`${tool}/calls`)).split("\n").filter((line) => line !== ""),
    escaped: async (tool) => Number(await read(`${tool}/escaped`)) || undefined,
  };
}

async function putUp(folder: string, { tools, files, links }: Scenario): Promise<void> {
  const [bin, root] = [join(folder, "bin"), join(folder, "root")];
  await mkdir(bin);
  await mkdir(join(root, "sys"), { recursive: true });
  await mkdir(join(root, "proc"));
  for (const [tool, answers] of Object.entries(tools)) {
    if (answers !== "missing") await writeStandIn({ tool, bin, folder: join(folder, tool), answers });
  }
  for (const [path, content] of Object.entries(files)) if (content !== null) await writeBelow(root, path, content);
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await symlink(target, join(root, path));
  }
}

async function writeBelow(root: string, path: string, content: string): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content.endsWith("\n") ? content : `${content}\n`);
}
