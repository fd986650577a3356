import { create } from "@bufbuild/protobuf";
import {
  ApproveResponseSchema,
  DeclineResponseSchema,
  ListApprovalsResponseSchema,
  type Workflow,
} from "@groundcrew/proto";
import type { Command } from "commander";
import { usage } from "../failure.ts";
import { collect, noteList } from "../paging.ts";
import { approvalTable } from "../render/approval-table.ts";
import { workflowLook } from "../render/looks.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { idOf, withExamples, withList, withOutput, type Run } from "./command.ts";

interface TargetOptions {
  pipeline?: string;
}

/** `crew approvals`. */
export function addApprovals(program: Command, run: Run): void {
  const approvals = program
    .command("approvals")
    .alias("approval")
    .summary("let what waits for it run, or not")
    .description("Workflows that wait for an operator: those that ask for it, and strangers' that name secrets.");
  withList(approvals.command("ls"))
    .alias("list")
    .description("Lists what waits for an approval, with the commit and the secrets that it is about.")
    .action(run(list));
  const approve = withTarget(approvals.command("approve"))
    .description(
      "Lets a workflow run, or all of a pipeline that wait for it now. What it depends on has ended by then.",
    )
    .option("--with-secrets", "give a stranger's steps the secrets that they name; takes the role admin")
    .action(run(approveOne));
  withExamples(approve, ["crew approvals approve 7", "crew approvals approve --pipeline 42 --with-secrets"]);
  const decline = withTarget(approvals.command("decline"))
    .description("Ends a workflow, or all of a pipeline that wait for approval now, as canceled.")
    .requiredOption("--reason <text>", "why, for whoever submitted it")
    .action(run(declineOne));
  withExamples(decline, ['crew approvals decline 7 --reason "not before Monday"']);
}

function withTarget(command: Command): Command {
  return withOutput(command)
    .argument("[workflow]", "a workflow's id", idOf("workflows"))
    .option("--pipeline <id>", "all of this pipeline's that wait for it now", idOf("pipelines"));
}

function targetOf({ pipeline }: TargetOptions, workflow: string | undefined) {
  if ((pipeline === undefined) === (workflow === undefined)) {
    const what = workflow === undefined ? "no workflow is named" : "--pipeline excludes a workflow";
    throw usage(what, "say a workflow's id, or --pipeline ID; what waits: crew approvals ls");
  }
  return pipeline === undefined ? { workflowId: workflow ?? "0" } : { pipelineId: pipeline };
}

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const { approvals, nextPageToken } = await operator.listApprovals({ page: request }, session.call);
    return { items: approvals, nextPageToken };
  });
  const { items: approvals, nextPageToken } = page;
  const response = create(ListApprovalsResponseSchema, { approvals, nextPageToken });
  session.showTable(ListApprovalsResponseSchema, response, approvalTable(approvals, session.io.now()));
  noteList(session, page, "nothing waits for an approval");
}

async function approveOne(
  session: Session,
  options: TargetOptions & { withSecrets?: boolean },
  workflow?: string,
): Promise<void> {
  const request = { ...targetOf(options, workflow), withSecrets: options.withSecrets ?? false };
  const operator = await session.operator();
  const response = await operator.approve(request, session.call);
  session.show(ApproveResponseSchema, response, () => response.workflows.map((each) => told("Approved", each)));
}

async function declineOne(
  session: Session,
  options: TargetOptions & { reason: string },
  workflow?: string,
): Promise<void> {
  const operator = await session.operator();
  const request = { ...targetOf(options, workflow), reason: options.reason };
  const response = await operator.decline(request, session.call);
  session.show(DeclineResponseSchema, response, () => response.workflows.map((each) => told("Declined", each)));
}

function told(verb: string, { id, name, state, secretsGranted }: Workflow): string {
  const how = secretsGranted ? ", with secrets" : "";
  return visible(`${verb} workflow ${id} (${name})${how}: it is ${workflowLook(state).word}.`);
}
