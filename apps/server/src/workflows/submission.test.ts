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
    ["more variables than a grant should carry", { env: numbered(5, "x".repeat(60_000)) }, "env"],
  ];
  for (const [what, changes, field] of bad) {
    test(`${what} is refused, naming ${field}`, () => {
      const error = refused(submission(one, changes));
      assert.equal(detailOf(error, FieldViolationSchema)?.field, field);
    });
  }

  test("more variables than many workflows should store are refused", () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`w${n}`, {}]));
    const request = submission(many, { env: { A: "x".repeat(20_000) } });
    const error = refused(request);
    assert.equal(detailOf(error, FieldViolationSchema)?.field, "env");
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
