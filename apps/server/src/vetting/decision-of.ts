import type { Decision, RunAct } from "@groundcrew/vetting";

/** What an operator did to a run, as its report tells it. */
export function decisionOf(act: RunAct): Decision {
  const common = { atMs: Date.parse(act.at), who: act.by };
  switch (act.kind) {
    case "retry": {
      const { verdict, reasons } = act.replaced;
      const why = [`it was ${verdict}`, ...reasons.slice(0, 1)].join(": ");
      return { ...common, what: ["retry", ...allowed(act)].join(" with "), stage: act.stage, why };
    }
    case "waive":
    case "reject":
      return { ...common, what: act.kind, ...(act.reason !== "" && { why: act.reason }) };
    case "cancel_stage":
      return { ...common, what: "cancel", stage: act.stage };
    case "key":
      return { ...common, what: "took the key to the held machine" };
    default:
      return act satisfies never;
  }
}

/** What a retry was allowed beyond the profile. */
function allowed({ destroyData, confirmSignatures }: Extract<RunAct, { kind: "retry" }>): string[] {
  const lists = { destroy_data: destroyData, confirm_signatures: confirmSignatures };
  return Object.entries(lists).flatMap(([name, serials]) =>
    serials.length === 0 ? [] : [`${name} ${serials.join(", ")}`],
  );
}
