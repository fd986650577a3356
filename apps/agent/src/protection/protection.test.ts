import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite, test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { guarded, stageMemory } from "./guard-stage.ts";
import { makeStageCgroup } from "./stage-cgroup.ts";

const MEBIBYTE = 2 ** 20;

async function run({ file, args }: { file: string; args: readonly string[] }): Promise<string[]> {
  const { stdout } = await promisify(execFile)(file, [...args]);
  return stdout.trim().split("\n");
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "groundcrew-guard-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

const LOOK = { file: "/bin/sh", args: ["-c", "cat /proc/self/oom_score_adj; nice; ulimit -d; echo $$"] };

suite("a stage's guard", () => {
  test("makes it the first to go when memory runs out, nicer than the agent, and limits its data", async () => {
    const [, niceHere] = await run(LOOK);
    const [score, nice, data] = await run(guarded(LOOK, undefined, 300 * MEBIBYTE));
    assert.equal(score, "1000");
    assert.equal(Number(nice), Math.min(Number(niceHere) + 10, 19));
    assert.equal(data, String(300 * 1024));
  });

  test("puts it into its control group where there is one, and then sets no limit of its own", async (t) => {
    const procs = join(await folder(t), "cgroup.procs");
    const [, , free] = await run(LOOK);
    const [, , data, pid] = await run(guarded(LOOK, procs, 300 * MEBIBYTE));
    assert.equal(data, free);
    assert.equal((await readFile(procs, "utf8")).trim(), pid, "the very process of the program is in it");
  });

  test("ends a program that takes more, and nothing else", async () => {
    const script = 'console.log("started"); const kept = []; for (;;) kept.push(Buffer.alloc(2 ** 24, 1))';
    const greedy = { file: process.execPath, args: ["-e", script] };
    const started = (error: Error & { stdout?: string }) => error.stdout?.startsWith("started") === true;
    await assert.rejects(run(guarded(greedy, undefined, 1024 * MEBIBYTE)), started);
  });

  test("leaves 2 % to the system: 256 MiB at least, 4 GiB at most", () => {
    const table: [totalMib: number, mib: number][] = [
      [128, 0],
      [1024, 768],
      [51_200, 50_176],
      [1_048_576, 1_044_480],
    ];
    for (const [total, mib] of table) assert.equal(stageMemory(total * MEBIBYTE), mib * MEBIBYTE, `${total} MiB`);
  });
});

suite("a stage's control group", () => {
  // A folder stands in for the kernel's: what is written there, and when none is made, is the same.
  async function mount(t: TestContext, controllers: string): Promise<string> {
    const path = await folder(t);
    await writeFile(join(path, "cgroup.subtree_control"), controllers);
    return path;
  }

  test("is limited, and those that killed agents left are swept", async (t) => {
    const path = await mount(t, "cpu io memory pids\n");
    await mkdir(join(path, "groundcrew-stage-old"));
    const group = await makeStageCgroup("7", 512 * MEBIBYTE, path);
    const file = join(path, "groundcrew-stage-7", "memory.max");
    assert.equal(await readFile(file, "utf8"), String(512 * MEBIBYTE));
    assert.equal(group?.procs, join(path, "groundcrew-stage-7", "cgroup.procs"));
    assert.ok(!(await readdir(path)).includes("groundcrew-stage-old"));
    await group?.remove();
  });

  test("is not there without the memory controller, or without version 2", async (t) => {
    assert.equal(await makeStageCgroup("7", 1, await mount(t, "cpu pids\n")), undefined);
    assert.equal(await makeStageCgroup("7", 1, await folder(t)), undefined);
  });
});
