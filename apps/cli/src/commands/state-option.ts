import { InvalidArgumentError, type Command } from "commander";
import { WorkflowState } from "@groundcrew/proto";

/** What `--state` gives. */
export interface StateOptions {
  state?: WorkflowState[];
}

const states = new Map(
  Object.entries(WorkflowState)
    .filter(([, value]) => value !== WorkflowState.UNSPECIFIED)
    .map(([name, value]) => [name.toLowerCase(), value]),
);

/** Adds `--state`. */
export function withStates(command: Command): Command {
  const names = [...states.keys()].join(", ");
  return command.option("--state <states>", `only these, separated by commas: ${names}`, parseStates);
}

function parseStates(text: string): WorkflowState[] {
  return text.split(",").map((name) => {
    const state = states.get(name.trim().toLowerCase().replace("-", "_"));
    if (state !== undefined) return state;
    throw new InvalidArgumentError(`Allowed are ${[...states.keys()].join(", ")}.`);
  });
}
