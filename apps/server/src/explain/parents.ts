import { DependencyCondition } from "@groundcrew/proto";
import type { Db } from "../context.ts";
import type { DependencyConditionName, WorkflowStateName } from "../db/schema.ts";
import { workflowStateOf } from "../names.ts";
import { TERMINAL_STATES } from "../workflows/rules.ts";
import { LISTED_MAX, type Reason } from "./reason.ts";
import type { Subject } from "./subject.ts";
import { counted, listed } from "./words.ts";

interface Parent {
  id: string;
  name: string;
  state: WorkflowStateName;
  condition: DependencyConditionName;
  /** How many there are in all. */
  count: number;
}

const CONDITIONS: Record<DependencyConditionName, { value: DependencyCondition; wish: string }> = {
  success: { value: DependencyCondition.SUCCESS, wish: "must succeed" },
  failure: { value: DependencyCondition.FAILURE, wish: "must fail" },
  always: { value: DependencyCondition.ALWAYS, wish: "must end" },
};

/** The workflows it depends on that have not ended. */
export async function parentsReason(db: Db, { id }: Subject): Promise<Reason> {
  const parents = await readParents(db, id);
  const count = parents[0]?.count ?? 0;
  const names = parents.map(({ name, state, condition }) => `${name} (${state}, ${CONDITIONS[condition].wish})`);
  return {
    text: `it waits for ${counted(count, "workflow")}: ${listed(names, count)}`,
    reason: { case: "workflows", value: { count, parents: parents.map(parentMessage) } },
  };
}

function readParents(db: Db, childId: string): Promise<Parent[]> {
  return db
    .selectFrom("workflow_parents as link")
    .innerJoin("workflows as w", "w.id", "link.parent_id")
    .select(["w.id", "w.name", "w.state", "link.condition"])
    .select((row) => row.cast<number>(row.fn.countAll().over(), "integer").as("count"))
    .where("link.child_id", "=", childId)
    .where("w.state", "not in", TERMINAL_STATES)
    .orderBy("w.id")
    .limit(LISTED_MAX)
    .execute();
}

function parentMessage({ id, name, state, condition }: Parent) {
  return { id, name, state: workflowStateOf(state), condition: CONDITIONS[condition].value };
}
