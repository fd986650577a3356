import { EndReason, StepState, StepStateSchema, WorkflowState, type Workflow } from "@groundcrew/proto";
import {
  processesOf,
  readLog,
  readLogs,
  runPipeline,
  startAgent,
  startServer,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
  workflowOf,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";

/** The states of the step runs, as "name try: state", in the order they were first reported. */
function stepStates({ stepRuns }: Workflow): string[] {
  return stepRuns.map(({ ref, state }) => `${ref?.step} ${ref?.try}: ${StepStateSchema.value[state]?.localName}`);
}

/** A git repository whose file `text` says "from git"; answers its address. */
async function repositoryWithText(t: TestContext): Promise<string> {
  const path = join(await temporaryFolder(t, "repository"), "acme");
  await mkdir(path);
  await writeFile(join(path, "text"), "from git\n");
  const user = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
  for (const args of [
    ["init", "--quiet"],
    ["add", "text"],
    [...user, "commit", "--quiet", "--message", "text"],
  ]) {
    await promisify(execFile)("git", ["-C", path, ...args]);
  }
  return `file://${path}`;
}

test("what a build does with its plan", { concurrency: true }, async (t) => {
  const server = await startServer(t);
  await startAgent(t, server, { capacity: 4 });

  t.test("outputs reach later steps and the workflows that depend on it; a service serves in between", async (t) => {
    const folder = await temporaryFolder(t, "service");
    const pipeline = await runPipeline(
      server,
      `
workflows:
  build:
    steps:
      - name: db
        run: |
          trap 'echo "served until $(cat ${folder}/used)"; exit 0' TERM
          touch ${folder}/up
          while :; do sleep 0.02; done
        service: { run: test -e ${folder}/up }
      - name: version
        run: echo major=7 >> "$GROUNDCREW_OUTPUT"
        outputs: [major]
      - name: use
        env: { VERSION: { from: steps.version.outputs.major } }
        run: test -e ${folder}/up; echo "$VERSION" | tee ${folder}/used
  flaky:
    steps:
      - name: twice
        retry: 1
        run: test -e been || { touch been; echo "not yet"; exit 1; }
      - parallel:
          - { name: left, run: "touch l; until test -e r; do sleep 0.01; done" }
          - { name: right, run: "touch r; until test -e l; do sleep 0.01; done; exit 1", continue_on_error: true }
      - { name: quiet, run: "true", if: failure() }
  deploy:
    depends_on: [build, flaky]
    steps:
      - name: show
        if: workflows.flaky.status == "success" && workflows.build.outputs.major == "7"
        env: { MAJOR: { from: workflows.build.outputs.major } }
        run: echo "deploys $MAJOR"
`,
    );
    assert.equal(pipeline.state, WorkflowState.SUCCEEDED);
    const build = workflowOf(pipeline, "build");
    assert.deepEqual(stepStates(build), ["db 1: SUCCEEDED", "version 1: SUCCEEDED", "use 1: SUCCEEDED"]);
    const served = await readLog(server, { workflowId: build.id, step: "db" });
    // The shell may say first that its own child was terminated.
    assert.deepEqual(served.slice(-2), ["served until 7", "stopped: the steps that it served have ended"]);
    const flaky = workflowOf(pipeline, "flaky");
    assert.deepEqual(stepStates(flaky).toSorted(), [
      "left 1: SUCCEEDED",
      "quiet 1: SKIPPED",
      "right 1: FAILED",
      "twice 1: FAILED",
      "twice 2: SUCCEEDED",
    ]);
    assert.deepEqual([...(await readLogs(server, { workflowId: flaky.id, step: "twice" })).values()], [["not yet"]]);
    const { id } = workflowOf(pipeline, "deploy");
    assert.deepEqual(await readLog(server, { workflowId: id, step: "show" }), ["deploys 7"]);
  });

  const CLEANED = `
      - { name: after, run: "true" }
      - name: clean
        always: true
        if: STATUS
        run: echo "cleaned, $(cat note)"
`;

  t.test("a cancel ends what runs and its service; clean-ups run before that, and their log arrives", async (t) => {
    const folder = await temporaryFolder(t, "canceled");
    const pipeline = await submit(
      server,
      `workflows:
  w:
    env: { FOLDER: ${folder} }
    steps:
      - { name: db, run: sleep 600, service: {} }
      - { name: work, run: "echo kept > note; echo going; sleep 601" }${CLEANED.replace("STATUS", "canceled()")}`,
    );
    await untilLogged(server, pipeline, "going");
    assert.ok((await processesOf(folder)).length > 0);
    await server.operator.cancelPipeline({ id: pipeline.id });
    const workflow = workflowOf(await untilEnded(server, pipeline.id));
    assert.deepEqual([workflow.state, workflow.endReason], [WorkflowState.CANCELED, EndReason.CANCELED]);
    assert.deepEqual(stepStates(workflow), [
      "db 1: SUCCEEDED",
      "work 1: CANCELED",
      "after 1: SKIPPED",
      "clean 1: SUCCEEDED",
    ]);
    assert.deepEqual(await readLog(server, { workflowId: workflow.id, step: "clean" }), ["cleaned, kept"]);
    assert.deepEqual(await processesOf(folder), []);
  });

  t.test("a timeout of the workflow does the same", async () => {
    const pipeline = await runPipeline(
      server,
      `workflows:
  w:
    timeout: 1s
    steps:
      - { name: work, run: sleep 602 }${CLEANED.replace("STATUS", "failure()").replace("$(cat note)", "late")}`,
    );
    const workflow = workflowOf(pipeline);
    assert.deepEqual([workflow.state, workflow.endReason], [WorkflowState.TIMED_OUT, EndReason.WORKFLOW_TIMEOUT]);
    assert.equal(workflow.stepRuns.at(-1)?.state, StepState.SUCCEEDED);
    assert.deepEqual(await readLog(server, { workflowId: workflow.id, step: "clean" }), ["cleaned, late"]);
  });

  t.test("source, secret, artifact and test results come together, and no log shows the secret", async (t) => {
    const repository = await repositoryWithText(t);
    await server.operator.setSecret({ name: "TOKEN", repository, value: "a-token-of-nobody" });
    const content = `
workflows:
  build:
    checkout: true
    secrets: [TOKEN]
    steps:
      - name: use
        run: |
          cat text
          echo "\${#TOKEN} characters: <$TOKEN>"
          mkdir out && cp text out
        artifacts: { name: made, paths: out }
  test:
    depends_on: build
    steps:
      - name: check
        downloads: { artifact: made, workflow: build, into: got }
        run: |
          cat got/out/text
          echo "TOKEN is \${TOKEN-unset}"
          echo '<testsuite name="s"><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite>' > junit.xml
        junit: junit.xml
`;
    const file = { path: "pipeline.yaml", content };
    const { pipeline } = await server.operator.submitPipeline({ file, source: { repository } });
    const ended = await untilEnded(server, pipeline?.id ?? "");
    const [build, check] = [workflowOf(ended, "build"), workflowOf(ended, "test")];
    assert.deepEqual(stepStates(build), ["(checkout) 1: SUCCEEDED", "use 1: SUCCEEDED"]);
    assert.deepEqual(await readLog(server, { workflowId: build.id, step: "use" }), [
      "from git",
      "17 characters: <***>",
      'kept artifact "made": 1 file, 9 bytes',
    ]);
    assert.deepEqual(await readLog(server, { workflowId: check.id, step: "check" }), [
      'fetched artifact "made" of workflow "build"',
      "from git",
      "TOKEN is unset",
    ]);
    const { workflow } = await server.operator.getWorkflow({ id: check.id });
    assert.deepEqual([workflow?.tests?.tests, workflow?.tests?.skipped], [2, 1]);
  });
});
