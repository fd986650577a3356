import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { BlockReason, EndReason, StepState, Verdict, WorkflowState, WorkKind } from "@groundcrew/proto";
import type { BlockReasonName, EndReasonName, StepStateName, WorkflowStateName, WorkKindName } from "./db/schema.ts";

// The contract's enums and the database's names are the same words: SCREAMING_CASE there, lower case here.

type Names<T extends string, V extends number> = Record<Uppercase<T>, V>;

const workflowStates: Names<WorkflowStateName, WorkflowState> = WorkflowState;
const stepStates: Names<StepStateName, StepState> = StepState;
const endReasons: Names<EndReasonName, EndReason> = EndReason;
const blockReasons: Names<BlockReasonName, BlockReason> = BlockReason;
const workKinds: Names<WorkKindName, WorkKind> = WorkKind;

/** A stored workflow state as the contract has it. */
export function workflowStateOf(name: WorkflowStateName): WorkflowState {
  return valueOf(workflowStates, name);
}

/** The stored name of a state, or undefined for one that is unset or unknown. */
export function workflowStateName(value: WorkflowState): WorkflowStateName | undefined {
  return nameOf<WorkflowStateName>(workflowStates, value);
}

/** A stored step state as the contract has it. */
export function stepStateOf(name: StepStateName): StepState {
  return valueOf(stepStates, name);
}

/** The stored name of a step state, or undefined for one that is unset or unknown. */
export function stepStateName(value: StepState): StepStateName | undefined {
  return nameOf<StepStateName>(stepStates, value);
}

/** A stored reason as the contract has it. */
export function endReasonOf(name: EndReasonName | null): EndReason {
  return name === null ? EndReason.UNSPECIFIED : valueOf(endReasons, name);
}

/** The stored name of a reason, or undefined for one that is unset or unknown. */
export function endReasonName(value: EndReason): EndReasonName | undefined {
  return nameOf<EndReasonName>(endReasons, value);
}

/** A stored kind of work as the contract has it. */
export function workKindOf(name: WorkKindName): WorkKind {
  return valueOf(workKinds, name);
}

/** The stored name of a kind of work, or undefined for one that is unset or unknown. */
export function workKindName(value: WorkKind): WorkKindName | undefined {
  return nameOf<WorkKindName>(workKinds, value);
}

/** A stored block reason as the contract has it. */
export function blockReasonOf(name: BlockReasonName | null): BlockReason {
  return name === null ? BlockReason.UNSPECIFIED : valueOf(blockReasons, name);
}

type VerdictName = "pass" | "warn" | "fail" | "error" | "skip" | "canceled" | "timed_out";

const verdicts: Names<VerdictName, Verdict> = Verdict;

/** A verdict as the contract has it. */
export function verdictOf(name: VerdictName): Verdict {
  return valueOf(verdicts, name);
}

/** A database time as the contract has it; null is absent. */
export function timestampOf(date: Date | null): Timestamp | undefined {
  return date === null ? undefined : timestampFromDate(date);
}

function valueOf<T extends string, V extends number>(names: Names<T, V>, name: T): V {
  return names[name.toUpperCase() as Uppercase<T>];
}

function nameOf<T extends string>(names: Names<T, number>, value: number): T | undefined {
  if (value === 0) return undefined;
  const found = Object.entries(names).find(([, number]) => number === value);
  return found?.[0].toLowerCase() as T | undefined;
}
