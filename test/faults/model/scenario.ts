import type { decideChild, WorkflowFacts } from "../../../apps/server/src/workflows/rules.ts";

type DependencyCondition = Parameters<typeof decideChild>[1][number]["condition"];
type RetryPlan = NonNullable<WorkflowFacts["retry"]>;

/** What one workflow of a scenario is. */
interface WorkflowScenario {
  onAgentLost: "requeue" | "fail";
  retry: RetryPlan | null;
  /** What its only step exits with. */
  exitCode: number;
  /** The workflow it depends on, by index, and how that must end. */
  parent: { index: number; condition: DependencyCondition } | null;
}

/** What may go wrong, once each time it is named. */
export type Disturbance =
  /** An agent's process is killed. */
  | "kill"
  /** An agent's process registers again and lists what it holds. */
  | "register"
  /** An agent hands a workflow back. */
  | "hand_back"
  /** The time to hear of a grant, or of a lease, passes. */
  | "time"
  /** All servers are away for longer than any lease. */
  | "outage"
  /** Something arrives after its call was over. */
  | "late"
  /** Somebody cancels a workflow. */
  | "cancel";

/** A small world, and what may go wrong in it: each of these at any moment or never, in any order. */
export interface Scenario {
  name: string;
  workflows: readonly WorkflowScenario[];
  disturbances: readonly Disturbance[];
}

const plain: WorkflowScenario = { onAgentLost: "requeue", retry: null, exitCode: 0, parent: null };
const once: WorkflowScenario = { ...plain, onAgentLost: "fail" };
const retried: WorkflowScenario = {
  ...plain,
  exitCode: 1,
  retry: { max: 1, backoffMs: 1, backoffMaxMs: 1, on: ["failed"] },
};

function after(condition: DependencyCondition, workflow = plain): WorkflowScenario {
  return { ...workflow, parent: { index: 0, condition } };
}

/** Two workflows, mostly the second after the first: each condition, policy and outcome, with what disturbs it most. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "side by side", workflows: [plain, plain], disturbances: ["time"] },
  { name: "success, then once", workflows: [plain, after("success", once)], disturbances: ["time", "cancel"] },
  { name: "a word of a dead process", workflows: [plain, after("success")], disturbances: ["kill", "late"] },
  { name: "a late word", workflows: [plain, after("success")], disturbances: ["time", "late"] },
  { name: "a late word after a hand-back", workflows: [plain, after("success")], disturbances: ["hand_back", "late"] },
  { name: "servers away", workflows: [plain, after("always", once)], disturbances: ["outage"] },
  { name: "a retry, then nothing", workflows: [retried, after("success")], disturbances: ["kill", "cancel"] },
  { name: "once, then a clean-up", workflows: [once, after("failure")], disturbances: ["time", "kill", "cancel"] },
  { name: "a failure, then always", workflows: [retried, after("always")], disturbances: ["register", "hand_back"] },
];
