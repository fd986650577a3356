import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import type { Workspace } from "../workspace/workspace.ts";
import { fetchFiles } from "./fetch-files.ts";
import { FolderStore } from "./folder-store.ts";
import { keepFiles } from "./keep-files.ts";
import type { FilesOfStep } from "./step-files.ts";
import { notes, temporaryFolder, temporaryWorkspace } from "./testing.ts";

const { signal } = new AbortController();
const artifact = (changes: Partial<FilesOfStep["artifacts"][number]> = {}) => ({
  artifacts: [{ name: "dist", paths: ["out"], when: "success", ...changes }],
});
const cache = (key: string, restoreKeys: string[] = []) => ({
  caches: [{ key, restoreKeys, paths: ["node_modules", "~/.npm"] }],
});

/** Workflows that share a store, each with a workspace of its own. */
async function workflows(t: TestContext) {
  const folder = await temporaryFolder(t);
  return async (workflow: string) => {
    const workspace = await temporaryWorkspace(t);
    const { lines, note } = notes();
    const run = async (plan: Partial<FilesOfStep>, work: (workspace: Workspace) => Promise<void>, passed = true) => {
      const step = { artifacts: [], downloads: [], caches: [], ...plan };
      const common = { step, workspace, store: new FolderStore({ folder, workflow }), note, signal };
      const fetched = await fetchFiles({ ...common, evaluate: (text) => text.replace("$n", "26") });
      await work(workspace);
      await keepFiles({ ...common, fetched, passed });
      return fetched;
    };
    return { workspace, lines, run };
  };
}

async function nothing(): Promise<void> {}

async function build({ directory }: Workspace): Promise<void> {
  await mkdir(join(directory, "out"), { recursive: true });
  await writeFile(join(directory, "out", "a\nb"), "built");
}

suite("the artifacts of a step", () => {
  test("reach a later workflow, in the folder it says", async (t) => {
    const workflow = await workflows(t);
    const maker = await workflow("build");
    await maker.run(artifact(), build);
    assert.deepEqual(maker.lines, ['kept artifact "dist": 1 file, 5 bytes']);
    const taker = await workflow("test");
    const downloads = [{ artifact: "dist", workflow: "build", into: "from/build" }];
    await taker.run({ downloads }, nothing);
    assert.equal(await readFile(join(taker.workspace.directory, "from/build/out/a\nb"), "utf8"), "built");
    assert.deepEqual((await readdir(taker.workspace.root)).toSorted(), ["home", "outputs", "tmp", "workspace"]);
  });

  test("are kept by `when`", async (t) => {
    const workflow = await workflows(t);
    for (const [when, passed, kept] of [
      ["success", true, true],
      ["success", false, false],
      ["failure", true, false],
      ["failure", false, true],
      ["always", false, true],
    ] as const) {
      const { run, lines } = await workflow(`${when}-${passed}`);
      await run(artifact({ when }), build, passed);
      assert.equal(lines.length === 1, kept, `${when}, passed: ${passed}`);
    }
  });

  test("that are not there fail the step and say what is missing", async (t) => {
    const { run } = await (await workflows(t))("test");
    const downloads = [{ artifact: "dist", workflow: "", into: "" }];
    await assert.rejects(run({ downloads }, nothing), /there is no artifact "dist" of this workflow; it must be kept/);
  });

  test("go through no link that leads out of the workspace", async (t) => {
    const workflow = await workflows(t);
    await (await workflow("build")).run(artifact(), build);
    const taker = await workflow("test");
    await symlink("/tmp", join(taker.workspace.directory, "in"));
    const downloads = [{ artifact: "dist", workflow: "build", into: "in" }];
    await assert.rejects(taker.run({ downloads }, nothing), /"in" is not a folder, or is a link/);
    const outside = [{ artifact: "dist", workflow: "build", into: "../x" }];
    await assert.rejects(taker.run({ downloads: outside }, nothing), /leads out of its folder/);
  });

  test("that cannot be packed fail the step, and those that name no file are noted", async (t) => {
    const { run, lines } = await (await workflows(t))("build");
    await assert.rejects(run(artifact({ paths: ["/etc"] }), nothing), /"dist" could not be kept: .*absolute/);
    await run(artifact({ paths: ["absent"] }), nothing);
    assert.deepEqual(lines, [
      'nothing is named by "absent"',
      'the artifact "dist" is not kept: its paths name no file',
    ]);
  });
});

suite("the caches of a step", () => {
  async function fill({ directory, home }: Workspace): Promise<void> {
    for (const folder of [join(directory, "node_modules"), join(home, ".npm")]) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "x"), "cached");
    }
  }

  test("come back in the workspace and at home, by their key", async (t) => {
    const workflow = await workflows(t);
    const first = await workflow("a");
    const before = await first.run(cache("npm-$n"), fill);
    assert.deepEqual(before.caches, [{ key: "npm-26", paths: ["node_modules", "~/.npm"], found: false }]);
    assert.deepEqual(first.lines, ['no cache "npm-26" yet', 'kept cache "npm-26": 2 files, 12 bytes']);
    const second = await workflow("b");
    await second.run(cache("npm-26"), nothing);
    assert.equal(await readFile(join(second.workspace.directory, "node_modules/x"), "utf8"), "cached");
    assert.equal(await readFile(join(second.workspace.home, ".npm/x"), "utf8"), "cached");
    assert.deepEqual(second.lines, ['fetched cache "npm-26"']);
  });

  test("are taken by the start of a key, and then kept by the whole one", async (t) => {
    const workflow = await workflows(t);
    await (await workflow("a")).run(cache("npm-1"), fill);
    const { run, lines } = await workflow("b");
    await run(cache("npm-2", ["yarn-", "npm-"]), nothing);
    assert.deepEqual(lines, ['fetched cache "npm-1" for "npm-2"', 'kept cache "npm-2": 2 files, 12 bytes']);
  });

  test("are not kept of a step that failed", async (t) => {
    const { run, lines } = await (await workflows(t))("a");
    await run(cache("npm"), fill, false);
    assert.deepEqual(lines, ['no cache "npm" yet']);
  });

  test("never fail a step", async (t) => {
    const workflow = await workflows(t);
    await (await workflow("a")).run(cache("npm"), fill);
    const { run, lines, workspace } = await workflow("b");
    await rm(workspace.home, { recursive: true });
    await symlink("/tmp", workspace.home);
    await run(cache("npm"), nothing);
    assert.match(lines[0] ?? "", /^the cache "npm" could not be fetched: /);
  });

  test("refuse a key that is no line of text", async (t) => {
    const { run } = await (await workflows(t))("a");
    await assert.rejects(run(cache("a\nb"), nothing), /the cache key "a\\nb" is not 1 to 512 printable characters/);
  });
});
