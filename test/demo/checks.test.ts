import { create } from "@bufbuild/protobuf";
import { LogStream, StepRunSchema, WorkflowEventSchema, WorkflowSchema, WorkflowState } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { checkKills, checkRecords, type StoredWorkflow } from "./checks.ts";
import type { StoredLog } from "./stored-logs.ts";

const { QUEUED, LEASED, RUNNING, SUCCEEDED, FAILED } = WorkflowState;
const ONE_WAY = [QUEUED, LEASED, RUNNING, SUCCEEDED];

/** The log of `lines`' step in one epoch, with these lines of four. */
function logOf(epoch: string, numbers: number[], faults: string[] = []): StoredLog {
  const stepRun = create(StepRunSchema, { ref: { step: "count", epoch, try: 1, workflowId: "1" } });
  const lines = numbers.map((number) => ({ text: `line ${number} of 4`, stream: LogStream.STDOUT }));
  return { workflow: "lines", stepRun, lines, faults };
}

function stored(logs: StoredLog[], states: WorkflowState[] = ONE_WAY): StoredWorkflow {
  const events = states.map((to) => create(WorkflowEventSchema, { to }));
  return { workflow: create(WorkflowSchema, { id: "1", name: "lines", epoch: "2" }), events, logs };
}

/** The promises that are not kept. */
function broken(records: StoredWorkflow[]): string[] {
  return checkRecords(records, [])
    .filter(({ passed }) => !passed)
    .map(({ promise }) => promise);
}

suite("what the demo checks", () => {
  const whole = logOf("2", [1, 2, 3, 4]);
  const LINES = "numbered lines of the whole try";
  const CUT_LINES = "numbered lines up to the kill";
  const ONCE = "each of 1 workflows ended once";

  const cases: { what: string; record: StoredWorkflow; broken: string[] }[] = [
    { what: "all is well", record: stored([whole]), broken: [] },
    { what: "an earlier try was cut short", record: stored([logOf("1", [1, 2]), whole]), broken: [] },
    { what: "an earlier try printed nothing", record: stored([logOf("1", []), whole]), broken: [] },
    { what: "an earlier try lacks a line", record: stored([logOf("1", [1, 3]), whole]), broken: [CUT_LINES] },
    { what: "the last try lacks its end", record: stored([logOf("2", [1, 2, 3])]), broken: [LINES] },
    { what: "a line is there twice", record: stored([logOf("2", [1, 2, 2, 3, 4])]), broken: [LINES] },
    { what: "the last try printed nothing", record: stored([logOf("2", [])]), broken: [LINES] },
    { what: "only a try that was cut short has a log", record: stored([logOf("1", [1, 2, 3, 4])]), broken: [LINES] },
    {
      what: "the server lacks lines it counted",
      record: stored([logOf("2", [1, 2, 3, 4], ["4 of 5 lines"])]),
      broken: ["no log line is missing"],
    },
    { what: "a workflow ended twice", record: stored([whole], [...ONE_WAY, FAILED]), broken: [ONCE] },
    { what: "a workflow went on after its end", record: stored([whole], [...ONE_WAY, QUEUED]), broken: [ONCE] },
    { what: "a workflow has not ended", record: stored([whole], [QUEUED, LEASED]), broken: [ONCE] },
  ];
  for (const { what, record, broken: expected } of cases) {
    test(`${what}: ${expected.join(", ") || "every promise is kept"}`, () => {
      assert.deepEqual(broken([record]), expected);
    });
  }

  test("a pipeline without the workflow breaks the promise about its lines", () => {
    assert.deepEqual(broken([]), [LINES]);
  });

  test("CHAOS=1 means both kills, not one", () => {
    const kill = { program: "build-1", atLine: 500, awayMs: 1000 };
    assert.equal(checkKills([kill, kill]).passed, true);
    assert.equal(checkKills([kill]).passed, false);
  });
});
