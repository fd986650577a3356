import { EndReason, StepState, WorkflowState, type Pipeline } from "@groundcrew/proto";
import {
  mainOf,
  processesOf,
  readLog,
  runPipeline,
  startAgent,
  startServer,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
  watchUntil,
  workflowOf,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { test } from "node:test";

const DAG = `
name: everything
env: { GREETING: hello, WHO: file }
workflows:
  lint:
    steps:
      - name: look
        run: echo "lint says $GREETING to $WHO"
  test:
    depends_on: lint
    env: { WHO: workflow }
    matrix: { node: [24, 26], os: [linux] }
    steps:
      - name: look
        run: echo "test $MATRIX_NODE on $MATRIX_OS says $GREETING to $WHO"
      - name: over
        env: { WHO: step }
        shell: bash
        run: |
          [[ $WHO == step ]] && echo "to $WHO, workflow $GROUNDCREW_WORKFLOW"
          echo kept > file
      - name: shared
        run: |
          cat file
          echo "no secret of the agent: \${GROUNDCREW_AGENT_TOKEN-none}"
  pack:
    depends_on: [lint, test]
    steps:
      - name: last
        run: printf 'one\\n\\n  two\\nno newline at the end'
`;

test("builds", { concurrency: true }, async (t) => {
  const server = await startServer(t);
  await startAgent(t, server, { capacity: 8 });

  t.test("a DAG with a matrix passes, and its logs read back exactly", async () => {
    const pipeline = await runPipeline(server, DAG, { GREETING: "hi" });
    assert.equal(pipeline.state, WorkflowState.SUCCEEDED);
    assert.deepEqual(
      pipeline.workflows.map(({ name, state, attempt }) => [name, state, attempt]),
      ["lint", "test (node=24, os=linux)", "test (node=26, os=linux)", "pack"].map((name) => [
        name,
        WorkflowState.SUCCEEDED,
        1,
      ]),
    );
    const log = (name: string, step: string) => readLog(server, { workflowId: workflowOf(pipeline, name).id, step });
    assert.deepEqual(await log("lint", "look"), ["lint says hi to file"]);
    assert.deepEqual(await log("test (node=24, os=linux)", "look"), ["test 24 on linux says hi to workflow"]);
    assert.deepEqual(await log("test (node=26, os=linux)", "over"), ["to step, workflow test (node=26, os=linux)"]);
    assert.deepEqual(await log("test (node=26, os=linux)", "shared"), ["kept", "no secret of the agent: none"]);
    assert.deepEqual(await log("pack", "last"), ["one", "", "  two", "no newline at the end"]);
    assertOrder(pipeline, "lint", "test (node=24, os=linux)");
    assertOrder(pipeline, "test (node=26, os=linux)", "pack");
  });

  t.test(
    "a step adds workflows to its pipeline, hears what is wrong with them, and is waited for by them",
    async () => {
      const pipeline = await runPipeline(
        server,
        `
      workflows:
        plan:
          steps:
            - name: add
              run: |
                crew() { "$NODE" "$CREW" "$@"; }
                echo 'workflows: { bad: { depends_on: paln, steps: 7 } }' | crew pipelines upload - 2>&1 || echo "exit $?"
                echo 'workflows: { more: { matrix: { v: [1, 2] }, depends_on: plan, steps: [run: echo "added $MATRIX_V"] } }' >more.yaml
                crew pipelines upload more.yaml
      `,
        { NODE: process.execPath, CREW: mainOf("cli") },
      );
      assert.equal(pipeline.state, WorkflowState.SUCCEEDED);
      const names = pipeline.workflows.map(({ name }) => name);
      assert.deepEqual(names, ["plan", "more (v=1)", "more (v=2)"]);
      for (const v of ["1", "2"]) {
        const { id } = workflowOf(pipeline, `more (v=${v})`);
        assert.deepEqual(await readLog(server, { workflowId: id, step: "step 1" }), [`added ${v}`]);
        assertOrder(pipeline, "plan", `more (v=${v})`);
      }
      const told = (await readLog(server, { workflowId: workflowOf(pipeline, "plan").id, step: "add" })).join("\n");
      assert.match(told, /^<stdin>:1:\d+: .*found "paln".*"plan"/m);
      assert.match(told, /^<stdin>:1:\d+: workflows\.bad\.steps: /m);
      assert.match(told, /^exit 2\nAdded workflow \d+: more \(v=1\)\nAdded workflow \d+: more \(v=2\)$/m);
    },
  );

  t.test("a step that fails ends its workflow: later steps and dependents are skipped", async () => {
    const pipeline = await runPipeline(
      server,
      `
      workflows:
        bad:
          steps:
            - { name: fine, run: "true" }
            - { name: broken, run: "echo out; echo err >&2; exit 42" }
            - { name: later, run: echo never }
        child: { depends_on: bad, steps: [{ run: echo never }] }
        grandchild: { depends_on: child, steps: [{ run: echo never }] }
        other: { steps: [{ run: echo independent }] }
      `,
    );
    assert.equal(pipeline.state, WorkflowState.FAILED);
    const bad = workflowOf(pipeline, "bad");
    assert.equal(bad.state, WorkflowState.FAILED);
    assert.equal(bad.endReason, EndReason.STEP_FAILED);
    assert.match(bad.error, /"broken" exited with code 42/);
    assert.deepEqual(
      bad.stepRuns.map(({ ref, state, exitCode }) => [ref?.step, state, exitCode]),
      [
        ["fine", StepState.SUCCEEDED, 0],
        ["broken", StepState.FAILED, 42],
        ["later", StepState.SKIPPED, undefined],
      ],
    );
    assert.deepEqual((await readLog(server, { workflowId: bad.id, step: "broken" })).toSorted(), ["err", "out"]);
    for (const name of ["child", "grandchild"]) {
      const { state, endReason, stepRuns } = workflowOf(pipeline, name);
      assert.deepEqual([state, endReason, stepRuns], [WorkflowState.SKIPPED, EndReason.DEPENDENCY, []]);
    }
    assert.equal(workflowOf(pipeline, "other").state, WorkflowState.SUCCEEDED);
  });

  t.test("a cancel while running ends the whole process tree, and wins over what the step makes of it", async (t) => {
    const folder = await temporaryFolder(t, "tree");
    // The step's own trap would make it succeed; its grandchild has left the process group.
    const submitted = await submit(
      server,
      `
      workflows:
        long:
          steps:
            - name: tree
              run: |
                trap 'exit 0' TERM
                setsid sh -c 'sleep 600 & wait' &
                sh -c 'sleep 600 & wait' &
                echo started
                wait
            - { name: later, run: echo never }
        after: { depends_on: long, steps: [{ run: echo never }] }
      `,
      { FOLDER: folder },
    );
    await untilLogged(server, submitted, "started");
    assert.ok((await processesOf(folder)).length >= 5, "the tree runs");
    const { canceledCount } = await server.operator.cancelPipeline({ id: submitted.id });
    assert.equal(canceledCount, 2);
    const pipeline = await untilEnded(server, submitted.id);
    const long = workflowOf(pipeline, "long");
    assert.deepEqual(
      [long.state, long.endReason, long.canceledBy],
      [WorkflowState.CANCELED, EndReason.CANCELED, "admin"],
    );
    assert.equal(workflowOf(pipeline, "after").state, WorkflowState.CANCELED);
    assert.deepEqual(await processesOf(folder), []);
  });

  t.test("a cancel before anybody runs it ends it at once", async () => {
    const submitted = await submit(server, `workflows: { w: { labels: { no: agent }, steps: [{ run: "true" }] } }`);
    const { id } = workflowOf(submitted);
    const { workflow } = await server.operator.cancelWorkflow({ id });
    assert.equal(workflow?.state, WorkflowState.CANCELED);
    // Again: nothing changes.
    assert.deepEqual((await server.operator.cancelWorkflow({ id })).workflow, workflow);
  });

  t.test("a workflow that runs past its timeout ends timed_out", async () => {
    const pipeline = await runPipeline(
      server,
      `workflows: { slow: { timeout: 1s, steps: [{ name: sleep, run: sleep 600 }, { name: later, run: "true" }] } }`,
    );
    const slow = workflowOf(pipeline);
    assert.deepEqual([slow.state, slow.endReason], [WorkflowState.TIMED_OUT, EndReason.WORKFLOW_TIMEOUT]);
    assert.deepEqual(
      slow.stepRuns.map(({ state }) => state),
      [StepState.TIMED_OUT, StepState.SKIPPED],
    );
  });

  t.test("so does one with a step that runs past its own", async () => {
    const pipeline = await runPipeline(
      server,
      `workflows: { slow: { steps: [{ name: quick, run: "true" }, { name: sleep, timeout: 1s, run: sleep 600 }] } }`,
    );
    const slow = workflowOf(pipeline);
    assert.deepEqual([slow.state, slow.endReason], [WorkflowState.TIMED_OUT, EndReason.STEP_TIMEOUT]);
    assert.deepEqual(
      slow.stepRuns.map(({ state }) => state),
      [StepState.SUCCEEDED, StepState.TIMED_OUT],
    );
    assert.match(slow.error, /1 s/);
  });

  t.test("work goes to the agent that has the labels", async (t) => {
    const special = await startAgent(t, server, { labels: { disk: "nvme" }, capacity: 1 });
    const pipeline = await runPipeline(
      server,
      `workflows: { w: { labels: { disk: nvme }, steps: [{ run: echo "$GROUNDCREW_AGENT" }] } }`,
    );
    assert.equal(workflowOf(pipeline).agent, special.name);
    assert.deepEqual(await readLog(server, { workflowId: workflowOf(pipeline).id }), [special.name]);
  });

  t.test("a submission that is repeated under its idempotency key is the same pipeline", async () => {
    const content = `workflows: { w: { steps: [{ run: "true" }] } }`;
    const request = { file: { path: "p.yaml", content }, idempotencyKey: "once" };
    const first = await server.operator.submitPipeline(request);
    const second = await server.operator.submitPipeline(request);
    assert.equal(second.pipeline?.id, first.pipeline?.id);
    await untilEnded(server, first.pipeline?.id ?? "");
  });

  t.test("output that is no text comes back byte for byte, and a line without end is cut, not lost", async () => {
    const pipeline = await runPipeline(
      server,
      String.raw`workflows: { w: { steps: [{ run: "printf '\\377\\000\\033[31m\\r\\n'; head -c 300000 /dev/zero | tr '\\0' x" }] } }`,
    );
    const lines: Buffer[] = [];
    for await (const { entries } of server.operator.tailLogs({ pipelineId: pipeline.id })) {
      lines.push(...entries.map(({ text }) => Buffer.from(text)));
    }
    assert.deepEqual(lines[0], Buffer.from([0xff, 0, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x0d]));
    assert.equal(Buffer.concat(lines.slice(1)).toString(), "x".repeat(300_000));
  });

  t.test("a watcher sees every state of a workflow's way, in order", async () => {
    const submitted = await submit(
      server,
      `workflows: { w: { steps: [{ name: gate, run: "until [ -e \\"$HOME/../../../gate\\" ]; do sleep 0.05; done" }] } }`,
    );
    await watchUntil(server, submitted.id, (now) => workflowOf(now).state === WorkflowState.RUNNING);
    await server.operator.cancelPipeline({ id: submitted.id });
    await untilEnded(server, submitted.id);
    const { events } = await server.operator.getWorkflow({ id: workflowOf(submitted).id });
    assert.deepEqual(
      events.map(({ to }) => to),
      [WorkflowState.QUEUED, WorkflowState.LEASED, WorkflowState.RUNNING, WorkflowState.CANCELED],
    );
  });
});

/** One workflow had ended before the other started. */
function assertOrder(pipeline: Pipeline, first: string, second: string): void {
  const ended = workflowOf(pipeline, first).finishedAt;
  const started = workflowOf(pipeline, second).startedAt;
  assert.ok(ended && started);
  assert.ok(ended.seconds < started.seconds || (ended.seconds === started.seconds && ended.nanos <= started.nanos));
}
