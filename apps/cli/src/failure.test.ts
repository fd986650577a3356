import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FieldViolationSchema, PipelineProblemsSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { renderFailure, toFailure } from "./failure.ts";
import { plainStyle } from "./terminal/style.ts";

const url = "http://127.0.0.1:7070";

suite("the exit code of a refused call", () => {
  const codes: [code: Code, exitCode: number][] = [
    [Code.Unauthenticated, 3],
    [Code.PermissionDenied, 3],
    [Code.NotFound, 4],
    [Code.Unavailable, 5],
    [Code.DeadlineExceeded, 5],
    [Code.InvalidArgument, 2],
    [Code.Canceled, 130],
    [Code.FailedPrecondition, 1],
    [Code.AlreadyExists, 1],
    [Code.ResourceExhausted, 1],
    [Code.Unimplemented, 1],
    [Code.Internal, 1],
    [Code.Unknown, 1],
  ];
  for (const [code, exitCode] of codes) {
    test(`${Code[code]}: ${exitCode}`, () => {
      assert.equal(toFailure(new ConnectError("because", code), { url }).exitCode, exitCode);
    });
  }
  test("anything else: 1", () => assert.equal(toFailure(new TypeError("bug")).exitCode, 1));
});

const told = (error: unknown): string[] =>
  renderFailure(toFailure(error, { url, listing: "crew pipelines ls" }), plainStyle);

suite("what a failure says", () => {
  test("what, why, and what to do next", () => {
    assert.deepEqual(told(new ConnectError("connect ECONNREFUSED", Code.Unavailable)), [
      "error: no answer from http://127.0.0.1:7070",
      "  why:  connect ECONNREFUSED",
      "  next: check that the server runs and that this is its address (crew context ls), then try again",
    ]);
  });

  test("the server's own reason first, where the state of things is in the way", () => {
    assert.deepEqual(told(new ConnectError("the pipeline has ended", Code.FailedPrecondition)), [
      "error: the pipeline has ended",
    ]);
  });

  test("which command lists what exists", () => {
    assert.deepEqual(told(new ConnectError('pipeline "9" does not exist', Code.NotFound)), [
      'error: pipeline "9" does not exist',
      "  next: list what exists: crew pipelines ls",
    ]);
  });

  test("the field, its value and what is expected", () => {
    const detail = {
      desc: FieldViolationSchema,
      value: { field: "name", value: '"x y"', expected: "1 to 63 letters" },
    };
    assert.deepEqual(told(new ConnectError("bad", Code.InvalidArgument, undefined, [detail])), [
      'error: name is "x y"',
      "  why:  expected 1 to 63 letters",
    ]);
  });

  test("every problem of a file, as path:line:column", () => {
    const problems = [
      { path: "ci.yaml", line: 3, column: 5, message: "unknown key" },
      { path: "ci.yaml", line: 9, column: 1, message: "no steps" },
    ];
    const detail = { desc: PipelineProblemsSchema, value: { problems } };
    assert.deepEqual(told(new ConnectError("bad", Code.InvalidArgument, undefined, [detail])), [
      "ci.yaml:3:5: unknown key",
      "ci.yaml:9:1: no steps",
      "error: ci.yaml has 2 problems",
      "  next: mend it and try again",
    ]);
  });

  test("nothing that a terminal would obey", () => {
    const [line] = told(new ConnectError("\x1b[2Jgone", Code.NotFound));
    assert.equal(line, "error: ^[[2Jgone");
  });
});
