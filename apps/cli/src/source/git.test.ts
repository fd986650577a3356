import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { findCheckout, repositoryOf } from "./git.ts";

const run = promisify(execFile);

async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
  return (await run("git", [...identity, ...args], { cwd })).stdout.trim();
}

async function repository(t: TestContext): Promise<string> {
  const root = await realpath(await temporaryFolder(t));
  await git(root, "init", "--quiet");
  await mkdir(join(root, "sub"));
  await writeFile(join(root, "sub", "ci.yaml"), "name: ci\n");
  await git(root, "add", ".");
  await git(root, "commit", "--quiet", "--message", "first");
  return root;
}

suite("the checkout a file lies in", () => {
  test("gives its folder, commit and branch", async (t) => {
    const root = await repository(t);
    const commit = await git(root, "rev-parse", "HEAD");
    const found = await findCheckout(join(root, "sub", "ci.yaml"));
    assert.deepEqual(found, { root, repository: root, commit, branch: "main", warnings: [] });
  });

  test("warns of what a clone will not hold", async (t) => {
    const root = await repository(t);
    await writeFile(join(root, "new.txt"), "");
    await git(root, "remote", "add", "origin", "https://example.com/a.git");
    const found = await findCheckout(join(root, "sub", "ci.yaml"));
    assert.equal(found?.repository, "https://example.com/a.git");
    assert.match(found.warnings.join("\n"), /1 uncommitted change is not part.*\ncommit \w{7} is on no remote branch/);
  });

  test("says so before its first commit", async (t) => {
    const root = await realpath(await temporaryFolder(t));
    await git(root, "init", "--quiet");
    const found = await findCheckout(join(root, "ci.yaml"));
    assert.equal(found?.commit, "");
    assert.match(found.warnings.join(), /no commit yet/);
  });

  test("has no branch when a commit is checked out", async (t) => {
    const root = await repository(t);
    await git(root, "checkout", "--quiet", "--detach");
    assert.equal((await findCheckout(join(root, "sub", "ci.yaml")))?.branch, "");
  });

  test("is undefined outside of any", async (t) => {
    assert.equal(await findCheckout(join(await temporaryFolder(t), "ci.yaml")), undefined);
  });
});

suite("where agents clone from", () => {
  const cases: [origin: string | undefined, repository: string][] = [
    [undefined, "/src/a"],
    ["git@example.com:a/b.git", "git@example.com:a/b.git"],
    ["https://example.com/a.git", "https://example.com/a.git"],
    ["https://ada:hunter2@example.com/a.git", "https://example.com/a.git"],
    ["../b.git", "/src/b.git"],
    ["/srv/a.git", "/srv/a.git"],
  ];
  for (const [origin, expected] of cases) {
    test(`origin ${origin}: ${expected}`, () => assert.equal(repositoryOf(origin, "/src/a"), expected));
  }
});
