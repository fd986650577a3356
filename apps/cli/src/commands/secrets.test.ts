import { create } from "@bufbuild/protobuf";
import {
  SecretAction,
  SecretInfoSchema,
  WorkflowState,
  type RetryPipelineRequest,
  type SetSecretRequest,
} from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { ExitCode } from "../exit-codes.ts";
import { runCrew } from "../run.ts";
import { FAKE_TOKEN, startFakeServer, type FakeHandlers } from "../testing/fake-server.ts";
import { at, busyPipeline } from "../testing/fixtures.ts";
import { memoryIo } from "../testing/memory-io.ts";

async function crew(t: TestContext, handlers: FakeHandlers, line: string, input = "") {
  const server = await startFakeServer(handlers);
  t.after(() => server.close(0));
  const io = memoryIo({ env: { GROUNDCREW_URL: server.url, GROUNDCREW_TOKEN: FAKE_TOKEN }, input });
  const exitCode = await runCrew(line.split(" "), io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

suite("crew secrets", () => {
  const values: [string, string][] = [
    ["s3cret\n", "s3cret"],
    ["s3cret\r\n", "s3cret"],
    ["-----BEGIN-----\nx\n\n", "-----BEGIN-----\nx\n"],
  ];
  for (const [input, value] of values) {
    test(`set reads ${JSON.stringify(input)} from standard input and shows it nowhere`, async (t) => {
      const asked: SetSecretRequest[] = [];
      const setSecret: FakeHandlers["setSecret"] = (request) => {
        asked.push(request);
        return { replaced: true };
      };
      const told = await crew(t, { setSecret }, "secrets set TOKEN --repository r --event push,tag", input);
      assert.deepEqual(told, { exitCode: 0, stdout: "Replaced TOKEN of repository r.\n", stderr: "" });
      assert.partialDeepStrictEqual(asked, [
        { name: "TOKEN", repository: "r", owner: "", events: ["push", "tag"], value },
      ]);
    });
  }

  const refused: [string, string, RegExp][] = [
    ["secrets set TOKEN", "x", /whose secret it is, is not said/],
    ["secrets set TOKEN --owner o --repository r", "x", /--repository and --owner exclude each other/],
    ["secrets set TOKEN --owner o", "\n", /the value is empty/],
    ["secrets set TOKEN --owner o", "x".repeat(70_000), /too long to be a secret, which has at most 64 KiB/],
    ["secrets set TOKEN s3cret --owner o", "", /too many arguments/],
    ["secrets rm TOKEN", "", /whose secret it is, is not said/],
  ];
  for (const [line, input, expected] of refused) {
    test(`refuses: ${line} < ${JSON.stringify(input.slice(0, 5))}`, async (t) => {
      const told = await crew(t, {}, line, input);
      assert.equal(told.exitCode, ExitCode.usage);
      assert.match(told.stderr, expected);
    });
  }

  test("ls, rm and rotate-key tell what there is, what went and what was done", async (t) => {
    const secret = create(SecretInfoSchema, {
      name: "TOKEN",
      owner: "o",
      events: ["push"],
      keyId: "0a1b",
      setBy: "ada",
      updatedAt: at(0),
    });
    const handlers: FakeHandlers = {
      listSecrets: () => ({ secrets: [secret] }),
      listSecretEvents: ({ name }) => ({
        events: [
          { at: at(0), action: SecretAction.USE, name, owner: "o", actor: "build-1", workflowId: "42" },
          { at: at(0), action: SecretAction.ROTATE, actor: "ada", keyId: "0a1b" },
        ],
      }),
      removeSecret: ({ repository }) => ({ removed: repository === "r" }),
      rotateSecretKey: () => ({ keyId: "0a1b", rotatedCount: 3 }),
    };
    const told = async (line: string) => (await crew(t, handlers, line)).stdout;
    assert.match(await told("secrets ls"), /\nTOKEN {2}owner o {2}push {4}ada {5}33s ago {2}0a1b\n$/);
    const events = await told("secrets audit TOKEN");
    assert.match(events, /\n33s ago {2}used {9}TOKEN {2}owner o {2}build-1 {2}workflow 42\n/);
    assert.match(events, /\n33s ago {2}key rotated {2}all .*ada {6}key 0a1b\n$/);
    assert.equal(await told("secrets rm TOKEN --repository r"), "Removed TOKEN of repository r.\n");
    assert.equal(await told("secrets rm TOKEN --owner o"), "There was no TOKEN of owner o.\n");
    assert.match(await told("secrets rotate-key"), /^Every secret is encrypted with key 0a1b now; 3 were/);
  });
});

suite("crew approvals", () => {
  test("approve and decline name a workflow, or a pipeline", async (t) => {
    const asked: object[] = [];
    const workflow = { id: "7", name: "deploy", state: WorkflowState.QUEUED, secretsGranted: true };
    const handlers: FakeHandlers = {
      approve: (request) => {
        const { workflowId, pipelineId, withSecrets } = request;
        asked.push({ workflowId, pipelineId, withSecrets });
        return { workflows: [workflow] };
      },
      decline: (request) => {
        const { workflowId, pipelineId, reason } = request;
        asked.push({ workflowId, pipelineId, reason });
        return { workflows: [{ ...workflow, state: WorkflowState.CANCELED, secretsGranted: false }] };
      },
    };
    const told = async (line: string) => (await crew(t, handlers, line)).stdout;
    const approved = "Approved workflow 7 (deploy), with secrets: it is queued.\n";
    assert.equal(await told("approvals approve 7"), approved);
    assert.equal(await told("approvals approve --pipeline 42 --with-secrets"), approved);
    assert.equal(await told("approvals decline 7 --reason no"), "Declined workflow 7 (deploy): it is canceled.\n");
    assert.deepEqual(asked, [
      { workflowId: "7", pipelineId: "0", withSecrets: false },
      { workflowId: "0", pipelineId: "42", withSecrets: true },
      { workflowId: "7", pipelineId: "0", reason: "no" },
    ]);
  });

  for (const line of ["approvals approve", "approvals approve 7 --pipeline 42", "approvals decline 7"]) {
    test(`refuses: ${line}`, async (t) => assert.equal((await crew(t, {}, line)).exitCode, ExitCode.usage));
  }

  test("ls shows what is to be known before one approves", async (t) => {
    const approval = {
      workflow: { id: "7", name: "deploy", pipelineId: "42", createdAt: at(0) },
      source: { repository: "r", commit: "c0ffeec0ffeec0ffee" },
      submittedBy: "bob",
      untrusted: true,
      secrets: ["A", "B"],
    } as never;
    const { stdout } = await crew(t, { listApprovals: () => ({ approvals: [approval] }) }, "approvals ls");
    assert.match(stdout, /\n7 +deploy +42 +r +c0ffeec0ffee +bob +stranger +A,B +33s ago\n$/);
  });
});

suite("crew pipelines retry", () => {
  test("tells the new workflows, of all or of what failed", async (t) => {
    const asked: RetryPipelineRequest[] = [];
    const retryPipeline: FakeHandlers["retryPipeline"] = (request) => {
      asked.push(request);
      return { workflows: [{ id: "20", name: "test", retryOf: "12" }] };
    };
    const { stdout } = await crew(t, { retryPipeline }, "pipelines retry 42 --failed");
    await crew(t, { retryPipeline }, "pipelines retry 42");
    assert.equal(stdout, "Workflow 20 (test) retries 12.\n");
    assert.deepEqual(
      asked.map(({ id, failedOnly }) => [id, failedOnly]),
      [
        ["42", true],
        ["42", false],
      ],
    );
    assert.notEqual(asked[0]?.idempotencyKey, asked[1]?.idempotencyKey);
  });

  test("watches the pipeline when asked to, and exits as it ends", async (t) => {
    const ended = { ...busyPipeline(), state: WorkflowState.FAILED };
    const handlers: FakeHandlers = {
      retryPipeline: () => ({}),
      async *watchPipeline() {
        yield await Promise.resolve({ pipeline: ended });
      },
    };
    assert.equal((await crew(t, handlers, "pipelines retry 42 -w")).exitCode, ExitCode.unsuccessful);
  });
});
