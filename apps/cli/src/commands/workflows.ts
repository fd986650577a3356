import { create } from "@bufbuild/protobuf";
import type { Command } from "commander";
import {
  CancelWorkflowResponseSchema,
  GetWorkflowResponseSchema,
  ListWorkflowsResponseSchema,
  RetryWorkflowResponseSchema,
  WorkflowState,
  type GetWorkflowResponse,
  type Workflow,
} from "@groundcrew/proto";
import { printLogs, type LogOptions } from "../logs/logs.ts";
import { collect, noteList } from "../paging.ts";
import { renderFields } from "../render/fields.ts";
import { hasEnded, workflowLook } from "../render/looks.ts";
import { renderWorkflows } from "../render/pipeline.ts";
import { eventTable, pairsText, workflowTable } from "../render/tables.ts";
import { testCountsText } from "../render/tests.ts";
import { timeText } from "../render/view.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { idOf, withList, withOutput, type Run } from "./command.ts";
import { withLogs } from "./log-options.ts";
import { withStates, type StateOptions } from "./state-option.ts";

/** `crew workflows`. */
export function addWorkflows(program: Command, run: Run): void {
  const workflows = program
    .command("workflows")
    .alias("workflow")
    .summary("what agents run")
    .description("Workflows: what one agent runs, of pipelines and of vetting.");
  withStates(withList(workflows.command("ls")))
    .alias("list")
    .description("Lists workflows, newest first.")
    .option("--pipeline <id>", "only this pipeline's", idOf("pipelines"))
    .action(run(list));
  withOutput(workflows.command("show"))
    .description("Shows a workflow with its steps.")
    .argument("<id>", "a workflow", idOf("workflows"))
    .option("--events", "show every change of its state as well")
    .action(run(show));
  withOutput(workflows.command("cancel"))
    .description("Cancels a workflow.")
    .argument("<id>", "a workflow", idOf("workflows"))
    .action(run(cancel));
  withOutput(workflows.command("retry"))
    .description("Queues a workflow that has ended once more, as a new one that keeps its own history.")
    .argument("<id>", "a workflow", idOf("workflows"))
    .action(run(retry));
  withLogs(workflows.command("logs"))
    .description("Prints the logs of a workflow. JSON is one batch of lines a line, their text in base64.")
    .argument("<id>", "a workflow", idOf("workflows"))
    .action(run(printWorkflowLogs));
}

async function list(session: Session, options: { limit: number; pipeline?: string } & StateOptions): Promise<void> {
  const operator = await session.operator();
  const { limit, pipeline: pipelineId = "0", state: states = [] } = options;
  const page = await collect(limit, async (request) => {
    const response = await operator.listWorkflows({ page: request, pipelineId, states }, session.call);
    return { items: response.workflows, nextPageToken: response.nextPageToken };
  });
  const { items, nextPageToken } = page;
  const response = create(ListWorkflowsResponseSchema, { workflows: items, nextPageToken });
  session.showTable(ListWorkflowsResponseSchema, response, workflowTable(items, session.io.now()));
  noteList(session, page, "no such workflows");
}

async function show(session: Session, { events }: { events?: boolean }, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.getWorkflow({ id }, session.call);
  session.show(GetWorkflowResponseSchema, response, () => describe(session, response, events ?? false));
  if (session.format === "table" && isWaiting(response.workflow)) session.note(`why it waits: crew explain ${id}`);
}

function isWaiting(workflow: Workflow | undefined): boolean {
  return workflow?.state === WorkflowState.QUEUED || workflow?.state === WorkflowState.BLOCKED;
}

function describe(session: Session, { workflow, events }: GetWorkflowResponse, withEvents: boolean): string[] {
  if (!workflow) return [];
  const { style } = session.io.stdout;
  const fields = renderFields(
    [
      ["workflow", `${workflow.id} (epoch ${workflow.epoch}, attempt ${workflow.attempt})`],
      ["pipeline", workflow.pipelineId === "0" ? "" : workflow.pipelineId],
      ["agent", workflow.agent],
      ["labels", pairsText(workflow.labels)],
      ["depends on", workflow.dependsOn.join(", ")],
      ["priority", workflow.priority === 0 ? "" : String(workflow.priority)],
      ["group", workflow.concurrencyGroup],
      ["not before", timeText(workflow.notBefore)],
      ["retries", workflow.retries === 0 ? "" : String(workflow.retries)],
      ["approved", approvalText(workflow)],
      ["retry of", workflow.retryOf === "0" ? "" : workflow.retryOf],
      ["tests", testCountsText(workflow.tests)],
      ["submitted", timeText(workflow.createdAt)],
      ["started", timeText(workflow.startedAt)],
      ["ended", timeText(workflow.finishedAt)],
    ],
    style,
  );
  const tree = renderWorkflows([workflow], Infinity, session.view());
  const history = withEvents ? ["", ...session.tableLines(eventTable(events))] : [];
  return [...tree, "", ...fields, ...history];
}

/** Who approved it, and what with. Empty: it needs no approval, or waits for it. */
function approvalText({ approvedBy, approvedAt, secretsGranted }: Workflow): string {
  if (approvedBy === "") return "";
  return visible(`by ${approvedBy}, ${timeText(approvedAt)}${secretsGranted ? ", with secrets" : ""}`);
}

async function cancel(session: Session, _options: object, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.cancelWorkflow({ id }, session.call);
  session.show(CancelWorkflowResponseSchema, response, () => {
    const { workflow } = response;
    if (!workflow) return [];
    const { word } = workflowLook(workflow.state);
    const still = hasEnded(workflow.state) ? "" : "; its agent stops it now";
    return [`Workflow ${id} (${visible(workflow.name)}) is ${word}${still}.`];
  });
}

async function retry(session: Session, _options: object, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.retryWorkflow({ id }, session.call);
  const { workflow } = response;
  session.show(RetryWorkflowResponseSchema, response, () =>
    workflow ? [`Workflow ${id} (${visible(workflow.name)}) is queued again, as workflow ${workflow.id}.`] : [],
  );
}

async function printWorkflowLogs(session: Session, options: LogOptions, id: string): Promise<void> {
  const operator = await session.operator();
  const { workflow } = await operator.getWorkflow({ id }, session.call);
  const subject = {
    of: { workflowId: id },
    workflows: workflow ? [workflow] : [],
    name: `workflow ${id}`,
    again: `crew workflows logs ${id} -f`,
  };
  await printLogs(session, operator, subject, options);
}
