import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { DependencyCondition, ExplainWorkflowResponseSchema, WorkflowState } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { plainStyle } from "../terminal/style.ts";
import { renderExplanation } from "./explanation.ts";

function explain(init: MessageInitShape<typeof ExplainWorkflowResponseSchema>): string[] {
  return renderExplanation("7", create(ExplainWorkflowResponseSchema, init), plainStyle);
}

suite("why a workflow waits", () => {
  test("is one line where nothing keeps it", () => {
    const summary = "it runs on agent build-1";
    assert.deepEqual(explain({ state: WorkflowState.RUNNING, summary }), [`Workflow 7 is running: ${summary}`]);
  });

  test("lists the closest agents with what each misses", () => {
    const closest = [
      { agent: "near", misses: ["label gpu is a100, needs h200"] },
      { agent: "farther", misses: ["has no label gpu", "is not connected"] },
    ];
    const reason = { text: "no agent may take it", reason: { case: "agent", value: { closest } } } as const;
    assert.deepEqual(explain({ state: WorkflowState.QUEUED, summary: reason.text, reasons: [reason] }), [
      "Workflow 7 is queued: no agent may take it",
      "    near     label gpu is a100, needs h200",
      "    farther  has no label gpu, is not connected",
    ]);
  });

  test("names the workflows it waits for, and how each must end", () => {
    const parents = [
      { id: "3", name: "compile", state: WorkflowState.RUNNING, condition: DependencyCondition.SUCCESS },
      { id: "4", name: "lint", state: WorkflowState.QUEUED, condition: DependencyCondition.ALWAYS },
      { id: "5", name: "probe", state: WorkflowState.QUEUED, condition: DependencyCondition.FAILURE },
    ];
    const reason = { case: "workflows", value: { parents, count: 3 } } as const;
    assert.deepEqual(
      explain({ state: WorkflowState.BLOCKED, reasons: [{ text: "it waits for 3", reason }] }).slice(1),
      [
        "    3  compile  running  must succeed",
        "    4  lint     queued   must end",
        "    5  probe    queued   must fail",
      ],
    );
  });

  test("gives each of several reasons its lines, safe to print", () => {
    const group = { group: "deploy", limit: 1, position: 2, holderIds: ["5"] };
    const reasons = [
      { text: "it waits for a place in group deploy", reason: { case: "group", value: group } },
      { text: "the queue is paused by \u001b[2Jada", reason: { case: "pause", value: {} } },
    ] as const;
    assert.deepEqual(explain({ state: WorkflowState.BLOCKED, reasons: [...reasons] }), [
      "Workflow 7 is blocked, kept by all of these:",
      "- it waits for a place in group deploy",
      "    has a place:  workflow 5",
      "- the queue is paused by ^[[2Jada",
    ]);
  });
});
