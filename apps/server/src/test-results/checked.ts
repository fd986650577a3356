import { create } from "@bufbuild/protobuf";
import { TestResultsSchema, type FailedTest, type SlowTest, type TestResults, type TestSuite } from "@groundcrew/proto";

const MAX_LISTED = 1_000;
const MAX_SLOWEST = 20;
const MAX_NAME = 300;
const MAX_MESSAGE = 500;
const MAX_OUTPUT = 1_000;
const MAX_COUNT = 2 ** 31 - 1;

/** Test results from a stranger, cut to what the contract allows, so that what is over never costs the whole report. */
export function checkedTestResults(given: TestResults): TestResults {
  const truncated = given.truncated || given.suites.length > MAX_LISTED || given.failed.length > MAX_LISTED;
  return create(TestResultsSchema, {
    ...countsOf(given),
    suites: given.suites.slice(0, MAX_LISTED).map(checkedSuite),
    failed: given.failed.slice(0, MAX_LISTED).map(checkedFailure),
    slowest: given.slowest.slice(0, MAX_SLOWEST).map(checkedSlow),
    truncated,
  });
}

function checkedSuite(suite: TestSuite) {
  return { name: cut(suite.name, MAX_NAME), ...countsOf(suite) };
}

function checkedFailure({ kind, message, output, ...rest }: FailedTest) {
  return {
    ...checkedSlow(rest),
    kind: kind === "error" ? "error" : "failure",
    message: cut(message, MAX_MESSAGE),
    output: cut(output, MAX_OUTPUT),
  };
}

function checkedSlow({ suite, name, durationMs }: Pick<SlowTest, "suite" | "name" | "durationMs">) {
  return { suite: cut(suite, MAX_NAME), name: cut(name, MAX_NAME), durationMs: count(durationMs) };
}

function countsOf({ tests, failures, errors, skipped, durationMs }: Omit<TestSuite, "$typeName" | "name">) {
  return {
    tests: count(tests),
    failures: count(failures),
    errors: count(errors),
    skipped: count(skipped),
    durationMs: count(durationMs),
  };
}

/** Postgres' integers end at half of the contract's. */
function count(given: number): number {
  return Math.min(given, MAX_COUNT);
}

/** Postgres takes no NUL, and no half of a surrogate pair. */
function cut(text: string, max: number): string {
  return text.slice(0, max).replaceAll("\0", "\uFFFD").toWellFormed();
}
