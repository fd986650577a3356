import { PauseScope, ListPausesResponseSchema } from "@groundcrew/proto";
import type { Command } from "commander";
import { pauseTable } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { withExamples, withListing, withOutput, type Run } from "./command.ts";
import { pauseTarget, resumeTarget, type PauseTarget } from "./pausing.ts";

interface TargetOptions {
  repository?: string;
}

/** `crew queue`. */
export function addQueue(program: Command, run: Run): void {
  const queue = program
    .command("queue")
    .summary("pause and resume work")
    .description("The queue: pause it, or one repository's work. What runs goes on; why one waits: crew explain.");
  const pause = withTarget(queue.command("pause"))
    .description("Lets nothing more start, until it is resumed. Durable: a restart of the server resumes nothing.")
    .option("--reason <text>", "why, for those who wait")
    .action(run(pauseWork));
  withExamples(pause, [
    'crew queue pause --reason "the database moves"',
    "crew queue pause --repository https://example.org/acme/api.git",
  ]);
  withListing(pause, "crew queue pauses");
  const resume = withTarget(queue.command("resume"))
    .description("Lets work start again. Pauses of other things stay: see crew queue pauses.")
    .action(run(resumeWork));
  withListing(resume, "crew queue pauses");
  withOutput(queue.command("pauses"))
    .description("Lists what is paused: the queue, repositories and agents, by whom, since when and why.")
    .action(run(list));
}

function withTarget(command: Command): Command {
  return withOutput(command).option(
    "--repository <repository>",
    "only this repository's work, named as it was submitted",
  );
}

function targetOf({ repository }: TargetOptions): PauseTarget {
  return repository === undefined
    ? { scope: PauseScope.QUEUE, target: "" }
    : { scope: PauseScope.REPOSITORY, target: repository };
}

async function pauseWork(session: Session, options: TargetOptions & { reason?: string }): Promise<void> {
  await pauseTarget(session, targetOf(options), options.reason);
}

async function resumeWork(session: Session, options: TargetOptions): Promise<void> {
  await resumeTarget(session, targetOf(options));
}

async function list(session: Session): Promise<void> {
  const operator = await session.operator();
  const response = await operator.listPauses({}, session.call);
  session.showTable(ListPausesResponseSchema, response, pauseTable(response.pauses, session.io.now()));
  if (session.format === "table" && response.pauses.length === 0) session.note("crew: nothing is paused");
}
