import type { GateResult } from "../gate.ts";

/** How a validator of the specification compares. */
export type ValidatorType =
  | "EQUAL"
  | "NOT_EQUAL"
  | "LESS_THAN"
  | "LESS_THAN_OR_EQUAL"
  | "GREATER_THAN"
  | "GREATER_THAN_OR_EQUAL";

/** A gate's verdict as an artifact: what was judged is a diagnosis, what could not be is an error or a log. */
export function readGate({ metric, verdict, message, part }: GateResult): Record<string, unknown> {
  const about = part === undefined ? {} : { subcomponent: { name: part } };
  switch (verdict) {
    case "pass":
      return { diagnosis: { verdict: `${metric}-pass`, type: "PASS", message, ...about } };
    case "warn":
      return { diagnosis: { verdict: `${metric}-warn`, type: "UNKNOWN", message, ...about } };
    case "fail":
      return { diagnosis: { verdict: `${metric}-fail`, type: "FAIL", message, ...about } };
    case "error":
      return { error: { symptom: "not-judged", message } };
    case "skip":
      return { log: { severity: "INFO", message } };
    default:
      return verdict satisfies never;
  }
}
