import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { runCrew } from "../run.ts";
import { FAKE_TOKEN, startFakeServer, type FakeHandlers } from "../testing/fake-server.ts";
import { at, workflow } from "../testing/fixtures.ts";
import { memoryIo } from "../testing/memory-io.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

async function crew(t: TestContext, handlers: FakeHandlers, args: string[]) {
  const server = await startFakeServer(handlers);
  t.after(() => server.close(0));
  const io = memoryIo({ env: { GROUNDCREW_URL: server.url, GROUNDCREW_TOKEN: FAKE_TOKEN } });
  const exitCode = await runCrew(args, io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

/** A server with one artifact, `dist`, that says it has this SHA-256. */
function withArtifact(archive: Uint8Array, sha256 = createHash("sha256").update(archive).digest()): FakeHandlers {
  return {
    async *getArtifact() {
      yield { part: { case: "info", value: { id: "7", name: "dist", sha256 } } };
      yield { part: { case: "data", value: archive } };
    },
  };
}

/** An archive of one file that holds "hi". */
function tarOf(name: string): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("00000000002\0", 124);
  header.write("00000000000\0", 136);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const content = Buffer.alloc(512);
  content.write("hi");
  return zstdCompressSync(Buffer.concat([header, content, Buffer.alloc(1024)]));
}

suite("crew artifacts", () => {
  test("ls shows those of a pipeline", async (t) => {
    const stepRun = { workflowId: "11", epoch: "7", step: "pack", try: 1 };
    const artifact = { id: "7", name: "dist", workflow: "build", stepRun, size: "1500000", createdAt: at(0) };
    const asked: string[] = [];
    const handlers: FakeHandlers = {
      listArtifacts: ({ pipelineId }) => {
        asked.push(pipelineId);
        return { artifacts: [artifact] };
      },
    };
    const { stdout } = await crew(t, handlers, ["artifacts", "ls", "--pipeline", "42"]);
    assert.match(stdout, /ID +NAME +WORKFLOW +STEP +SIZE +KEPT/);
    assert.match(stdout, / 7 +dist +build +pack +1\.4 MiB /);
    assert.deepEqual(asked, ["42"]);
    const { exitCode, stderr } = await crew(t, handlers, ["artifacts", "ls"]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /exactly one of --pipeline and --workflow/);
  });

  test("download unpacks it, into a folder that it makes", async (t) => {
    const into = join(await temporaryFolder(t), "new", "folder");
    const args = ["artifacts", "download", "7", "--into", into];
    const { exitCode, stderr } = await crew(t, withArtifact(tarOf("a")), args);
    assert.equal(exitCode, 0, stderr);
    assert.equal(await readFile(join(into, "a"), "utf8"), "hi");
  });

  test("download --archive saves it as it is", async (t) => {
    const path = join(await temporaryFolder(t), "x.tar.zst");
    const archive = tarOf("a");
    await crew(t, withArtifact(archive), ["artifacts", "download", "7", "--archive", path]);
    assert.deepEqual(new Uint8Array(await readFile(path)), new Uint8Array(archive));
  });

  test("download refuses what leads out of the folder, and what is not what the server named", async (t) => {
    const folder = await temporaryFolder(t);
    const args = ["artifacts", "download", "7"];
    const hostile = await crew(t, withArtifact(tarOf("../a")), [...args, "--into", join(folder, "in")]);
    assert.equal(hostile.exitCode, 1);
    assert.match(hostile.stderr, /leads out of its folder/);
    const wrong = withArtifact(tarOf("a"), Buffer.alloc(32));
    const broken = await crew(t, wrong, [...args, "--archive", join(folder, "x")]);
    assert.match(broken.stderr, /what came is not the artifact/);
    assert.deepEqual(await readdir(folder), ["in"]);
  });
});

suite("crew caches", () => {
  test("ls shows whose they are, and rm removes one", async (t) => {
    const cache = { id: "3", repository: "acme/app", key: "npm-1", size: "2048", createdAt: at(0), lastUsedAt: at(0) };
    const removed: string[] = [];
    const handlers: FakeHandlers = {
      listCaches: () => ({ caches: [cache, { ...cache, id: "4", pipelineId: "42" }] }),
      removeCache: ({ id }) => {
        removed.push(id);
        return {};
      },
    };
    const { stdout } = await crew(t, handlers, ["caches", "ls"]);
    assert.match(stdout, / 3 +npm-1 +acme\/app +all +2\.0 KiB /);
    assert.match(stdout, / 4 +npm-1 +acme\/app +untrusted pipeline 42 /);
    const { stdout: told } = await crew(t, handlers, ["caches", "rm", "3"]);
    assert.equal(told, "Cache 3 is removed.\n");
    assert.deepEqual(removed, ["3"]);
  });
});

suite("crew tests", () => {
  const counts = { tests: 120, failures: 2, errors: 1, skipped: 4, durationMs: 4_200 };
  const results = {
    ...counts,
    failed: [
      { suite: "calc", name: "divides", kind: "failure", message: "1 is not 2", output: "1 is not 2\nat calc.ts:3" },
      { suite: "", name: "opens", kind: "error", message: "\u001b[31mno file", output: "" },
    ],
    slowest: [{ suite: "calc", name: "adds", durationMs: 900 }],
  };

  test("shows counts, failures and the slowest", async (t) => {
    const handlers: FakeHandlers = { getTestResults: () => ({ steps: [{ stepRun: { step: "unit" }, results }] }) };
    const { stdout } = await crew(t, handlers, ["tests", "11"]);
    assert.deepEqual(stdout.replaceAll(/[^\n\x20-\x7e›]/g, "?").split("\n"), [
      "unit: 120 tests, 3 failed, 4 skipped, in 4.2s",
      "  failed  calc › divides",
      "          1 is not 2",
      "          at calc.ts:3",
      "  error  opens",
      stdout.split("\n")[5]?.replaceAll(/[^\n\x20-\x7e›]/g, "?"),
      "  slowest",
      "     0.9s  calc › adds",
      "",
    ]);
    assert.ok(!stdout.includes("\u001b"));
    const { stdout: json } = await crew(t, handlers, ["tests", "11", "-o", "json"]);
    const parsed = JSON.parse(json) as { steps: { results: { failures: number } }[] };
    assert.equal(parsed.steps[0]?.results.failures, 2);
  });

  test("says so where there are none, and `workflows show` has the counts", async (t) => {
    const none = await crew(t, { getTestResults: () => ({ steps: [] }) }, ["tests", "11"]);
    assert.match(none.stderr, /no test results/);
    const shown = workflow("unit", 5, { tests: counts });
    const { stdout } = await crew(t, { getWorkflow: () => ({ workflow: shown }) }, ["workflows", "show", "11"]);
    assert.match(stdout, /tests +120 tests, 3 failed, 4 skipped, in 4\.2s/);
  });
});
