import { DesiredState } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";

/** Where an operator has an agent stand, as it is stored. */
export type Lifecycle = "ready" | "draining" | "terminated";

const DESIRED: Record<Lifecycle, DesiredState> = {
  ready: DesiredState.READY,
  draining: DesiredState.DRAINING,
  terminated: DesiredState.TERMINATED,
};

/** Where each may go. `terminated` is final; only enrolling its name anew makes an agent of it again. */
const TRANSITIONS: Record<Lifecycle, readonly Lifecycle[]> = {
  ready: ["draining", "terminated"],
  draining: ["ready", "terminated"],
  terminated: [],
};

/** What the operator wants of an agent in this lifecycle. */
export function desiredStateOf(lifecycle: Lifecycle): DesiredState {
  return DESIRED[lifecycle];
}

/** The lifecycle that an operator asks for. Throws INVALID_ARGUMENT for one that is unset or unknown. */
export function lifecycleOf(wanted: DesiredState): Lifecycle {
  const found = (Object.keys(DESIRED) as Lifecycle[]).find((lifecycle) => DESIRED[lifecycle] === wanted);
  if (found) return found;
  const states = "DESIRED_STATE_READY, DESIRED_STATE_DRAINING or DESIRED_STATE_TERMINATED";
  throw invalidField("desired_state", wanted, states);
}

/** Whether an agent may go from one lifecycle to another. Staying is always allowed. */
export function mayBecome(from: Lifecycle, to: Lifecycle): boolean {
  return from === to || TRANSITIONS[from].includes(to);
}
