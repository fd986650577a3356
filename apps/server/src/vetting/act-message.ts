import type { MessageInitShape } from "@bufbuild/protobuf";
import type { VettingActSchema } from "@groundcrew/proto";
import type { RunAct } from "@groundcrew/vetting";
import { timestampOf, verdictOf } from "../names.ts";

/** What an operator did to a run, as the contract has it. */
export function actMessage(act: RunAct): MessageInitShape<typeof VettingActSchema> {
  const common = { kind: act.kind, by: act.by, at: timestampOf(new Date(act.at)) };
  switch (act.kind) {
    case "retry": {
      const { stage, destroyData, confirmSignatures, replaced } = act;
      const { verdict, reasons } = replaced;
      const overrides = { destroyData, confirmSignatures };
      return { ...common, stage, ...overrides, replacedVerdict: verdictOf(verdict), replacedReasons: reasons };
    }
    case "waive":
    case "reject":
      return { ...common, reason: act.reason };
    case "cancel_stage":
      return { ...common, stage: act.stage };
    case "key":
      return common;
    default:
      return act satisfies never;
  }
}
