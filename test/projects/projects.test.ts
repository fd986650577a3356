import { WorkflowState } from "@groundcrew/proto";
import { readLog, startAgent, startServer, submit, temporaryFolder, untilEnded, workflowOf } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { chmod, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

// Pipelines of real projects. They install from the npm registry, which takes a network: `make projects`.

const FOLDER = new URL("../e2e/projects/", import.meta.url);
/** A busy machine installs slowly. */
const INSTALLS_MAX_MS = 240_000;

const TESTS_PASSED = /^# pass {2}(\d+)$|^ {2}(\d+) passing/m;

/** Runs a project's pipeline on an agent of its own. Every workflow of it must pass. */
async function runProject(t: TestContext, content: string) {
  const server = await startServer(t);
  await startAgent(t, server, { capacity: 2 });
  const folder = await temporaryFolder(t, "project");
  // The account that Postgres runs as, if that is another, must be able to enter it.
  await chmod(folder, 0o755);
  const env = {
    ...wayToRegistry(),
    DATA: join(folder, "data"),
    NODE: process.execPath,
    POSTGRES: fileURLToPath(new URL("postgres.ts", FOLDER)),
    npm_config_prefer_offline: "true",
    npm_config_cache: process.env["npm_config_cache"] ?? join(homedir(), ".npm"),
  };
  const { id } = await submit(server, content, env);
  const pipeline = await untilEnded(server, id, INSTALLS_MAX_MS);
  const read = (name: string, step: string) => readLog(server, { workflowId: workflowOf(pipeline, name).id, step });
  for (const { name, state, error, stepRuns } of pipeline.workflows) {
    const last = stepRuns.findLast(({ exitCode }) => exitCode !== undefined)?.ref?.step ?? "";
    const tail = async () => `${name}: ${error}\n${(await read(name, last)).slice(-30).join("\n")}`;
    assert.ok(state === WorkflowState.SUCCEEDED, state === WorkflowState.SUCCEEDED ? "" : await tail());
  }
  return { pipeline, read };
}

/** How this machine reaches a registry, which steps do not inherit. */
function wayToRegistry(): Record<string, string> {
  const names = /^(npm_config_\w+|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i;
  const found = Object.entries(process.env).filter(([name]) => names.test(name));
  return Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function contentOf(name: string): Promise<string> {
  return readFile(new URL(`${name}.yaml`, FOLDER), "utf8");
}

/** How many tests a log says have passed. */
function passed(log: readonly string[]): number {
  const [, tape, mocha] = TESTS_PASSED.exec(log.join("\n")) ?? [];
  return Number(tape ?? mocha ?? 0);
}

suite("a real project", () => {
  test("fastq: two releases, and what was packed of the newer", async (t) => {
    const { read } = await runProject(t, await contentOf("fastq"));
    for (const version of ["1.17.1", "1.20.3"]) {
      for (const step of ["unit", "promises"]) {
        assert.ok(passed(await read(`test (version=${version})`, step)) > 10, `${version}, ${step}`);
      }
    }
    assert.deepEqual((await read("pack", "use")).at(-1), "answer 42");
  });

  test("secure-json-parse: two releases, with and without optimised code", async (t) => {
    const { pipeline, read } = await runProject(t, await contentOf("secure-json-parse"));
    assert.equal(pipeline.workflows.length, 2);
    for (const { name } of pipeline.workflows) {
      for (const step of ["unit", "interpreted"]) assert.ok(passed(await read(name, step)) > 10, `${name}, ${step}`);
    }
  });

  test("pg-format: its own tests, and a Postgres as a service", async (t) => {
    const { read } = await runProject(t, await contentOf("pg-format"));
    assert.ok(passed(await read("test", "unit")) > 10);
    assert.deepEqual((await read("test", "against Postgres")).at(-1), "read back 5");
  });
});
