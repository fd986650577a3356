import type { Command } from "commander";
import { SearchLogsResponseSchema } from "@groundcrew/proto";
import { renderMatch } from "../logs/matches.ts";
import { save } from "../save.ts";
import type { Session } from "../session.ts";
import { countOf, idOf, withExamples, withListing, withOutput, type Run } from "./command.ts";
import { withStep } from "./log-options.ts";

/** `crew logs`. */
export function addLogs(program: Command, run: Run): void {
  const logs = program
    .command("logs")
    .summary("the logs of a workflow, as a file or searched")
    .description("Logs as a file, and what is found in them. To read them: crew pipelines logs, crew workflows logs.");
  addDownload(logs, run);
  addSearch(logs, run);
}

function addDownload(logs: Command, run: Run): void {
  const download = withTarget(logs.command("download"))
    .description("Fetches what is stored of a log, one text file: into a file on a terminal, else to standard output.")
    .option("--timestamps", "put the time before each line")
    .option("--plain", "leave out colours")
    .option("--output <file>", "where to write it; - is standard output (default: workflow-ID.log)")
    .action(run(downloadLogs));
  withExamples(download, ["crew logs download 42", "crew logs download 7 --pipeline --plain --output build.log"]);
}

function addSearch(logs: Command, run: Run): void {
  const search = withOutput(withTarget(logs.command("search")))
    .description(
      "Prints the lines that contain a text or match an expression, with their numbers from 1. JSON is one match a line.",
    )
    .argument("<text>", "what a line must contain, or match with --regex")
    .option("-E, --regex", "the text is a regular expression, in the syntax of RE2")
    .option("-i, --ignore-case", "upper and lower case are the same")
    .option("-C, --around <n>", "so many lines around each match", countOf(0, 20), 0)
    .option("--limit <n>", "how many matches to show at most", countOf(1, 10_000), 100)
    .action(run(searchLogs));
  withExamples(search, ["crew logs search 42 error -i -C 2", "crew logs search 7 --pipeline -E 'exit code [1-9]'"]);
}

function withTarget(command: Command): Command {
  return withStep(withListing(command, "crew workflows ls"))
    .argument("<id>", "a workflow", idOf("workflows"))
    .option("--pipeline", "the id is that of a pipeline: all of its workflows");
}

/** Whose logs. */
interface TargetOptions {
  pipeline?: boolean;
  step?: string;
}

function targetOf({ pipeline = false, step = "" }: TargetOptions, id: string) {
  return pipeline ? { pipelineId: id, step } : { workflowId: id, step };
}

type DownloadOptions = TargetOptions & { timestamps?: boolean; plain?: boolean; output?: string };

async function downloadLogs(session: Session, options: DownloadOptions, id: string): Promise<void> {
  const { timestamps = false, plain = false, output, pipeline } = options;
  const operator = await session.operator();
  const responses = operator.downloadLogs({ ...targetOf(options, id), timestamps, plain }, session.call);
  const defaultName = `${pipeline ? "pipeline" : "workflow"}-${id}.log`;
  await save(session, { parts: dataOf(responses), output, defaultName, what: "log" });
}

async function* dataOf(responses: AsyncIterable<{ data: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { data } of responses) yield data;
}

type SearchOptions = TargetOptions & { ignoreCase?: boolean; regex?: boolean; around: number; limit: number };

async function searchLogs(session: Session, options: SearchOptions, id: string, text: string): Promise<void> {
  const { ignoreCase = false, regex = false, around: contextLines, limit: maxMatches } = options;
  const { stdout } = session.io;
  const operator = await session.operator();
  const request = { ...targetOf(options, id), text, ignoreCase, regex, contextLines, maxMatches };
  let count = 0;
  for await (const match of operator.searchLogs(request, session.call)) {
    count += 1;
    if (session.format === "json") session.json(SearchLogsResponseSchema, match);
    else
      stdout.write(
        renderMatch(match, { style: stdout.style, terminal: stdout.isTty, apart: count > 1 && contextLines > 0 }),
      );
    await stdout.drained();
    if (match.limitReached) session.note(`the first ${count} lines that match; for more: --limit`);
  }
  if (count === 0) session.note("no stored line contains it");
}
