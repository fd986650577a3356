import { create } from "@bufbuild/protobuf";
import {
  FieldViolationSchema,
  PipelineProblemsSchema,
  SubmitPipelineRequestSchema,
  type SubmitPipelineRequest,
} from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { pipelineFile, submission } from "../testing/pipeline.ts";
import { checkedSubmission } from "./submission.ts";

const one = { build: {} };

suite("a bad submission", () => {
  test("is told every mistake of the file with its place", () => {
    const content = "name: p\nworkflows:\n  a:\n    depends_on: b\n    steps: [{ run: x }]\n    colour: red\n";
    const request = create(SubmitPipelineRequestSchema, { file: { path: "ci.yaml", content } });
    const error = refused(request);
    const problems = detailOf(error, PipelineProblemsSchema)?.problems ?? [];
    assert.deepEqual(
      problems.map(({ path, line }) => [path, line]),
      [
        ["ci.yaml", 4],
        ["ci.yaml", 6],
      ],
    );
    assert.match(error.rawMessage, /^ci\.yaml:4:\d+: .*\(and 1 more\)$/);
  });

  const bad: [what: string, changes: object, field: string][] = [
    ["no file", { file: undefined }, "file"],
    ["no path", { file: { path: "", content: pipelineFile(one) } }, "file.path"],
    ["a path with a NUL", { file: { path: "a\0", content: pipelineFile(one) } }, "file.path"],
    ["a file of more than 1 MiB", { file: { path: "a", content: "é".repeat(1024 * 512 + 1) } }, "file.content"],
    ["a file with a NUL", { file: { path: "a", content: "\0" } }, "file.content"],
    ["a key of 65 characters", { idempotencyKey: "k".repeat(65) }, "idempotency_key"],
    ["an endless branch", { source: { branch: "b".repeat(1_025) } }, "source.branch"],
    ["a repository with a NUL", { source: { repository: "\0" } }, "source.repository"],
    ["a variable no shell can name", { env: { "1A": "" } }, "env key"],
    ["a variable without a name", { env: { "": "" } }, "env key"],
    ["a variable of the server's", { env: { GROUNDCREW_COMMIT: "" } }, "env key"],
    ["a variable of a matrix", { env: { MATRIX_NODE: "" } }, "env key"],
    ["a value with a NUL", { env: { A: "\0" } }, "env.A"],
    ["a value that no process can be given", { env: { A: "x".repeat(64 * 1024 + 1) } }, "env.A"],
    ["more than 256 variables", { env: numbered(257, "") }, "env"],
    ["a further file without a path", { moreFiles: [{ path: "", content: "x" }] }, "more_files[0].path"],
    [
      "files of more than 1 MiB together",
      { moreFiles: ["b", "c"].map((path) => ({ path, content: "x".repeat(600_000) })) },
      "more_files",
    ],
    ["an event that does not exist", { trigger: { event: "pushed" } }, "trigger.event"],
    ["a parameter no expression can name", { trigger: { parameters: { "a-b": "" } } }, "trigger.parameters key"],
    [
      "parameters that many workflows would store",
      { trigger: { parameters: { a: "x".repeat(16_384) } } },
      "trigger.parameters",
    ],
    ["a tag with a NUL", { trigger: { tag: "\0" } }, "trigger.tag"],
    ["more variables than a grant should carry", { env: numbered(5, "x".repeat(60_000)) }, "env"],
  ];
  for (const [what, changes, field] of bad) {
    test(`${what} is refused, naming ${field}`, () => {
      const error = refused(submission(one, changes));
      assert.equal(detailOf(error, FieldViolationSchema)?.field, field);
    });
  }

  test("a checkout of no repository is refused, naming source.repository", () => {
    const content = "workflows: { build: { checkout: true, steps: [run: make] } }";
    const error = refused(create(SubmitPipelineRequestSchema, { file: { path: "ci.yaml", content } }));
    assert.equal(detailOf(error, FieldViolationSchema)?.field, "source.repository");
  });

  test("more variables than many workflows should store are refused", () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`w${n}`, {}]));
    const request = submission(many, { env: { A: "x".repeat(20_000) } });
    const error = refused(request);
    assert.equal(detailOf(error, FieldViolationSchema)?.field, "env");
  });
});

suite("a submission", () => {
  const file = {
    path: "a.yaml",
    content: "workflows: { build: { when: { event: push, branch: main, path: src/** }, steps: [run: make] } }",
  };
  const other = { path: "b.yaml", content: "workflows: { report: { depends_on: build, steps: [run: make] } }" };
  const asked = (trigger: object) => create(SubmitPipelineRequestSchema, { file, moreFiles: [other], trigger });

  test("is planned from all of its files, by what started it; which files changed is not kept", () => {
    const { plan, trigger } = checkedSubmission(
      asked({ event: "push", branch: "main", paths: ["src/a.ts"], pathsKnown: true, parameters: { a: "b" } }),
    );
    assert.deepEqual(
      plan.workflows.map(({ name }) => name),
      ["build", "report"],
    );
    assert.deepEqual(trigger, { event: "push", branch: "main", tag: "", cron: "", parameters: { a: "b" } });
  });

  test("of which nothing is to run is refused, saying why", () => {
    const request = asked({ event: "push", branch: "main", paths: ["docs/a.md"], pathsKnown: true });
    assert.throws(
      () => checkedSubmission(request),
      (error) =>
        error instanceof ConnectError &&
        error.code === Code.FailedPrecondition &&
        /none of the 2 workflows is to run: build is left out, for its `when` does not fit push/.test(error.rawMessage),
    );
  });

  test("that says nothing of what started it was started by a person, on the branch of its source", () => {
    const { trigger } = checkedSubmission(submission(one, { source: { branch: "dev" } }));
    assert.deepEqual(trigger, { event: "manual", branch: "dev", tag: "", cron: "", parameters: {} });
  });
});

function numbered(count: number, value: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`V${n}`, value]));
}

function refused(request: SubmitPipelineRequest): ConnectError {
  try {
    checkedSubmission(request);
  } catch (error) {
    assert.ok(error instanceof ConnectError && error.code === Code.InvalidArgument, String(error));
    return error;
  }
  return assert.fail("it was accepted");
}
