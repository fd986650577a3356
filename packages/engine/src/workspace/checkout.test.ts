import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { openBackend } from "../backends/open-backend.ts";
import { stepOf } from "../backends/testing.ts";
import { checkout, checkoutSecrets, type CheckoutSource } from "./checkout.ts";
import { addSubmodule, makeRepository, repositoryFolder, serveRepositories } from "./testing.ts";

// The one that agents use where it works: git then sees what steps see.
const backend = await openBackend({ name: "auto", hiddenPaths: [] });
const noSandbox = backend.name === "sandbox" ? false : "needs a working bubblewrap (Debian package bubblewrap)";
const SECRET = "pass-word";

/** Checks out into an empty workspace; answers how, what git said, and the command lines that were run. */
async function run(t: TestContext, source: Partial<CheckoutSource> & { repository: string }, on = backend) {
  let text = "";
  const sink = async (chunk: Uint8Array) => void (text += Buffer.from(chunk).toString());
  const { step, workspace } = await stepOf(t, "", { outputs: { stdout: sink, stderr: sink } });
  const commands: string[] = [];
  const end = await checkout({
    ...step,
    source: { commit: "", ref: "", depth: 1, submodules: false, username: "", password: "", ...source },
    path: step.env["PATH"] ?? "",
    run: (process) => {
      commands.push([process.file, ...process.args].join(" "));
      return on.run({ ...step, ...process });
    },
  });
  const read = (name: string) => readFile(join(workspace.directory, name), "utf8");
  const history = async () => (await read(".git/logs/HEAD")).trim();
  return { end, text, commands, workspace, read, history };
}

const PASSED = { kind: "exited", exitCode: 0 };

suite("a checkout", { concurrency: true }, () => {
  test("fetches one commit that is no longer the newest, and no more history than asked for", async (t) => {
    const folder = await repositoryFolder(t);
    const { commits } = await makeRepository(folder, "app");
    const repository = `${await serveRepositories(t, folder, `ada:${SECRET}`)}/app/.git`;
    const source = { repository, username: "ada", password: SECRET };
    const { end, read } = await run(t, { ...source, commit: commits[0], ref: "main" });
    assert.deepEqual(end, PASSED);
    assert.equal(await read("text"), "one");
    const newest = await run(t, { ...source, ref: "v2" });
    assert.equal(await newest.read("text"), "two");
    assert.equal((await newest.read(".git/shallow")).trim(), commits[1]);
  });

  test("fetches all history and submodules, of addresses relative to its own", async (t) => {
    const folder = await repositoryFolder(t);
    const app = await makeRepository(folder, "app");
    await makeRepository(folder, "module");
    const commit = addSubmodule(app, "module");
    const base = await serveRepositories(t, folder, `ada:${SECRET}`);
    const source = { repository: `${base}/app`, commit, depth: 0, submodules: true, username: "ada", password: SECRET };
    const { end, text, read, workspace } = await run(t, source);
    assert.deepEqual(end, PASSED, text);
    assert.equal(await read("module/text"), "two");
    assert.equal((await readdir(join(workspace.directory, ".git"))).includes("shallow"), false);
  });

  test("takes a repository of this machine in a sandbox that is shown it", { skip: noSandbox }, async (t) => {
    const folder = await repositoryFolder(t);
    const { commits } = await makeRepository(folder, "app");
    const shown = await openBackend({ name: "sandbox", hiddenPaths: [], readOnlyPaths: [folder] });
    const { end, read, text } = await run(t, { repository: `file://${folder}/app`, commit: commits[0] }, shown);
    assert.deepEqual(end, PASSED, text);
    assert.equal(await read("text"), "one");
  });

  test("leaves its password in no file, no command line and no output", async (t) => {
    const folder = await repositoryFolder(t);
    await makeRepository(folder, "app");
    const source = {
      repository: `${await serveRepositories(t, folder, `ada:${SECRET}`)}/app`,
      username: "ada",
      password: SECRET,
    };
    const { end, text, commands, workspace } = await run(t, source);
    assert.deepEqual(end, PASSED, text);
    const entries = await readdir(workspace.root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const contents = await Promise.all(files.map((file) => readFile(file, "latin1")));
    const all = [text, ...commands, ...files, ...contents].join("\n");
    const secrets = checkoutSecrets({ ...source, commit: "", ref: "", depth: 1, submodules: false });
    assert.deepEqual(
      secrets.filter((secret) => all.includes(secret)),
      [],
    );
  });

  test("that is refused ends with git's words, and never asks anybody", async (t) => {
    const folder = await repositoryFolder(t);
    await makeRepository(folder, "app");
    const repository = `${await serveRepositories(t, folder, `ada:${SECRET}`)}/app`;
    const { end, text } = await run(t, { repository, username: "ada", password: "wrong" });
    assert.deepEqual(end, { kind: "exited", exitCode: 128 });
    assert.match(text, /Authentication failed/);
  });

  const bad: [field: string, source: Partial<CheckoutSource>][] = [
    ["checkout.repository", { repository: "--upload-pack=touch x" }],
    ["checkout.repository", { repository: "ext::sh -c id" }],
    ["checkout.repository", { repository: "https://ada:pw@host/app" }],
    ["checkout.commit", { commit: "main" }],
    ["checkout.ref", { ref: "--output=x" }],
    ["checkout.ref", { ref: "a..b:c" }],
  ];
  for (const [field, source] of bad) {
    test(`refuses ${JSON.stringify(source)}`, async (t) => {
      const { end, commands } = await run(t, { repository: "https://host/app", ...source });
      assert.match(end.kind === "not_started" ? end.message : end.kind, new RegExp(`^${field} `));
      assert.deepEqual(commands, []);
    });
  }
});
