import type { Command } from "commander";
import { GetTestResultsResponseSchema } from "@groundcrew/proto";
import { renderTests } from "../render/tests.ts";
import type { Session } from "../session.ts";
import { idOf, withListing, withOutput, type Run } from "./command.ts";

/** `crew tests`. */
export function addTests(program: Command, run: Run): void {
  const tests = withOutput(program.command("tests"))
    .summary("what the tests of a workflow said")
    .description("Shows what the JUnit files of a workflow's steps say: counts, failures, the slowest tests.")
    .argument("<workflow>", "a workflow", idOf("workflows"))
    .action(run(show));
  withListing(tests, "crew workflows ls");
}

async function show(session: Session, _options: object, workflowId: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.getTestResults({ workflowId }, session.call);
  const { style } = session.io.stdout;
  session.show(GetTestResultsResponseSchema, response, () => renderTests(response.steps, style));
  if (response.steps.length === 0 && session.format === "table") {
    session.note("crew: no test results; a step names its JUnit files with `junit`");
  }
}
