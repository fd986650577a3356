import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { Command } from "commander";
import {
  GetVettingRunResponseSchema,
  ListVettingRunsResponseSchema,
  StartVettingResponseSchema,
  type StartVettingResponse,
} from "@groundcrew/proto";
import type { ExitCode } from "../exit-codes.ts";
import { readTextFile } from "../files.ts";
import { collect, noteList } from "../paging.ts";
import { renderVettingRun } from "../render/vetting.ts";
import { vettingTable } from "../render/tables.ts";
import { saveReport } from "../report.ts";
import type { Operator, Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { watchVetting } from "../watch/watch-vetting.ts";
import { idOf, withExamples, withList, withListing, withOutput, type Run } from "./command.ts";
import { addEvaluate } from "./vet-evaluate.ts";

/** `crew vet`. */
export function addVet(program: Command, run: Run): void {
  const vet = program
    .command("vet")
    .summary("prove a machine's hardware")
    .description("Vetting runs: a machine proves its hardware, stage by stage.");
  addStart(vet, run);
  withList(vet.command("ls")).alias("list").description("Lists vetting runs, newest first.").action(run(list));
  withOutput(vet.command("show"))
    .description("Shows a vetting run with its stages.")
    .argument("<run>", "a vetting run", idOf("vet"))
    .action(run(show));
  withOutput(vet.command("watch"))
    .description("Shows a vetting run until it has ended; the exit code says how. JSON is one snapshot a line.")
    .argument("<run>", "a vetting run", idOf("vet"))
    .action(run(watch));
  vet
    .command("report")
    .description("Fetches a run's report, one HTML file: into a file on a terminal, else to standard output.")
    .argument("<run>", "a vetting run", idOf("vet"))
    .option("--output <file>", "where to write it; - is standard output (default: vetting-RUN.html)")
    .action(run(report));
  addEvaluate(vet, run);
}

function addStart(vet: Command, run: Run): void {
  const start = withOutput(vet.command("start"))
    .description("Queues a vetting run for one machine.")
    .argument("<target>", "a machine's id, serial or host name, or a vetting agent's name or id")
    .option("--profile <profile>", "a profile that the server knows, or a file", "demo")
    .option("-w, --watch", "watch it until it has ended; the exit code says how")
    .action(run(startRun));
  withListing(start, "crew machines ls");
  withExamples(start, ["crew vet start node-17 --watch", "crew vet start node-17 --profile ./profiles/storage.yaml"]);
}

async function startRun(
  session: Session,
  options: { profile: string; watch?: boolean },
  target: string,
): Promise<ExitCode | void> {
  const operator = await session.operator();
  const response = await start(session, operator, target, options.profile);
  const id = response.run?.id ?? "0";
  if (options.watch) return watchVetting(session, operator, id);
  session.show(StartVettingResponseSchema, response, () => [
    visible(`Vetting run ${id} of ${target} is queued, with profile ${response.run?.profile ?? options.profile}.`),
  ]);
  if (session.format === "table") session.note(`watch it: crew vet watch ${id}`);
}

async function start(
  session: Session,
  operator: Operator,
  target: string,
  profile: string,
): Promise<StartVettingResponse> {
  const path = resolve(session.io.cwd, profile);
  const isFile = /[/\\]|\.ya?ml$/.test(profile) || existsSync(path);
  if (!isFile) return operator.startVetting({ target, profile }, session.call);
  const content = await readTextFile(path, profile);
  return operator.startVetting({ target, profileFile: { path: profile, content } }, session.call);
}

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const { runs, nextPageToken } = await operator.listVettingRuns({ page: request }, session.call);
    return { items: runs, nextPageToken };
  });
  const { items: runs, nextPageToken } = page;
  const response = create(ListVettingRunsResponseSchema, { runs, nextPageToken });
  session.showTable(ListVettingRunsResponseSchema, response, vettingTable(runs, session.io.now()));
  noteList(session, page, "no vetting runs yet; start one: crew vet start MACHINE");
}

async function show(session: Session, _options: object, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.getVettingRun({ id }, session.call);
  session.show(GetVettingRunResponseSchema, response, () =>
    response.run ? renderVettingRun(response.run, session.view()) : [],
  );
}

async function watch(session: Session, _options: object, id: string): Promise<ExitCode> {
  return watchVetting(session, await session.operator(), id);
}

async function report(session: Session, { output }: { output?: string }, id: string): Promise<void> {
  const operator = await session.operator();
  await saveReport(session, operator, id, output);
}
