import type { Change, Ending, WorkflowFacts } from "../../../apps/server/src/workflows/rules.ts";
import type { EndReasonName, WorkflowStateName } from "../../../apps/server/src/db/schema.ts";
import type { Guards } from "./guards.ts";
import type { Scenario } from "./scenario.ts";
import { withItem, type Database, type Row } from "./state.ts";

/** What transactions work with: what the workflows are, and the rules. */
export interface Server {
  scenario: Scenario;
  guards: Guards;
}

/** What the product's rules look at. */
export function factsOf({ scenario }: Server, row: Row, workflow: number): WorkflowFacts {
  const plan = scenario.workflows[workflow];
  const { state, cancelRequested, losses, retries } = row;
  return {
    state,
    cancelRequested,
    losses,
    retries,
    onAgentLost: plan?.onAgentLost ?? "requeue",
    retry: plan?.retry ?? null,
  };
}

/** A workflow's row. */
export function rowOf(db: Database, workflow: number): Row {
  const row = db.rows[workflow];
  if (!row) throw new Error(`there is no workflow ${workflow}`);
  return row;
}

/** Changes columns of a row. */
export function update(db: Database, workflow: number, columns: Partial<Row>): Database {
  const row: object = rowOf(db, workflow);
  if (Object.entries(columns).every(([name, value]) => Reflect.get(row, name) === value)) return db;
  return { ...db, rows: withItem(db.rows, workflow, { ...rowOf(db, workflow), ...columns }) };
}

/** Who changes a state, and why. */
interface Doing {
  reason?: EndReasonName;
  /** Null: the server, or a person. */
  agent: number | null;
}

/** Changes a row's state and writes that into the history, under the epoch it then has. */
export function transit(
  db: Database,
  workflow: number,
  columns: Partial<Row> & { state: WorkflowStateName },
  { reason, agent }: Doing,
): Database {
  const { state: from } = rowOf(db, workflow);
  const changed = update(db, workflow, columns);
  const { state: to, epoch } = rowOf(changed, workflow);
  const entry = { kind: "transition", from, to, reason: reason ?? null, epoch, agent } as const;
  const history = [...(changed.histories[workflow] ?? []), entry];
  return { ...changed, histories: withItem(changed.histories, workflow, history) };
}

const RELEASED = { agent: null, poll: null, received: false, due: "no" } as const;

/** Carries out what a rule decided for a workflow, and all that follows from it. */
export function apply(db: Database, server: Server, workflow: number, change: Change, agent: number | null): Database {
  const { epoch } = rowOf(db, workflow);
  const closed = {
    ...db,
    leases: db.leases.map((lease) => (lease.epoch === epoch ? { ...lease, ended: true } : lease)),
  };
  const doing = { reason: change.reason, agent };
  switch (change.kind) {
    case "end": {
      const columns = { state: change.state, due: "no", endReason: change.reason } as const;
      return decideChildren(transit(closed, workflow, columns, doing), server, workflow, change.state);
    }
    case "requeue": {
      const { losses, retries } = change;
      return transit(closed, workflow, { ...RELEASED, state: "queued", losses, retries }, doing);
    }
    case "retry_later": {
      const { losses, retries } = change;
      return transit(closed, workflow, { ...RELEASED, state: "blocked", losses, retries }, doing);
    }
    default:
      return change satisfies never;
  }
}

function decideChildren(db: Database, server: Server, workflow: number, ended: Ending["state"]): Database {
  const child = server.scenario.workflows.findIndex(({ parent }) => parent?.index === workflow);
  const condition = server.scenario.workflows[child]?.parent?.condition;
  if (condition === undefined || rowOf(db, child).state !== "blocked") return db;
  const decision = server.guards.decideChild(rowOf(db, child).parentsLeft, [{ condition, parent: ended }]);
  switch (decision.kind) {
    case "skip":
      return apply(db, server, child, { kind: "end", state: "skipped", reason: "dependency", error: "" }, null);
    case "wait":
      return update(db, child, { parentsLeft: decision.parentsLeft });
    case "ready":
      return transit(update(db, child, { parentsLeft: 0 }), child, { state: "queued" }, { agent: null });
    default:
      return decision satisfies never;
  }
}
