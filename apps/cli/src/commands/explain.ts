import type { Command } from "commander";
import { ExplainWorkflowResponseSchema } from "@groundcrew/proto";
import { renderExplanation } from "../render/explanation.ts";
import type { Session } from "../session.ts";
import { idOf, withExamples, withListing, withOutput, type Run } from "./command.ts";

/** `crew explain`. */
export function addExplain(program: Command, run: Run): void {
  const explain = withOutput(program.command("explain"))
    .summary("why a workflow does not run yet")
    .description(
      "Says why a workflow does not run yet: everything that keeps it now, as the queue itself decides. Where no agent " +
        "may take it, the closest agents follow with what each of them misses.",
    )
    .argument("<workflow>", "a workflow's id", idOf("workflows"))
    .action(run(explainOne));
  withListing(explain, "crew workflows ls");
  withExamples(explain, ["crew explain 7", "crew workflows ls --state queued,blocked"]);
}

async function explainOne(session: Session, _options: object, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.explainWorkflow({ id }, session.call);
  session.show(ExplainWorkflowResponseSchema, response, () => renderExplanation(id, response, session.io.stdout.style));
}
