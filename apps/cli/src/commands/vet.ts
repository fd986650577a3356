import { create } from "@bufbuild/protobuf";
import { Option, type Command } from "commander";
import { GetVettingRunResponseSchema, ListVettingRunsResponseSchema } from "@groundcrew/proto";
import type { ExitCode } from "../exit-codes.ts";
import { collect, noteList } from "../paging.ts";
import { renderVettingRun } from "../render/vetting.ts";
import { vettingTable } from "../render/tables.ts";
import { FORMAT_NAMES, type FormatName, saveReport } from "../report.ts";
import type { Session } from "../session.ts";
import { isOver, watchVetting } from "../watch/watch-vetting.ts";
import { idOf, withExamples, withList, withOutput, type Run } from "./command.ts";
import { addDecisions } from "./vet-decide.ts";
import { addAttestation } from "./vet-attestation.ts";
import { addBatch } from "./vet-batch.ts";
import { addCompare } from "./vet-compare.ts";
import { addEvaluate } from "./vet-evaluate.ts";
import { addEvidence } from "./vet-evidence.ts";
import { addProfiles } from "./vet-profiles.ts";
import { addLearn, addSpec } from "./vet-spec.ts";
import { addStart } from "./vet-start.ts";

/** `crew vet`. */
export function addVet(program: Command, run: Run): void {
  const vet = program
    .command("vet")
    .summary("prove a machine's hardware")
    .description("Vetting runs: a machine proves its hardware, stage by stage.");
  addStart(vet, run);
  withList(vet.command("ls")).alias("list").description("Lists vetting runs, newest first.").action(run(list));
  withOutput(vet.command("show"))
    .description("Shows a vetting run with its stages: on a terminal live, until it has ended or is held.")
    .argument("<run>", "a vetting run", idOf("vet"))
    .action(run(show));
  withOutput(vet.command("watch"))
    .description(
      "Shows a vetting run until it has ended or is held; the exit code says how. JSON is one snapshot a line.",
    )
    .argument("<run>", "a vetting run", idOf("vet"))
    .action(run(watch));
  const fetching = vet
    .command("report")
    .description(
      "Fetches a run's report: into a file on a terminal, else to standard output. html is one file that needs nothing " +
        "else; ocp is OCP Test & Validation output 2.0; junit is for CI; attestation is signed, and speaks of the digests " +
        "of the others and of inventory.",
    )
    .argument("<run>", "a vetting run", idOf("vet"))
    .addOption(new Option("--format <format>", "how it is written").choices(FORMAT_NAMES).default("html"))
    .option(
      "--output <file>",
      "where to write it; - is standard output (default: vetting-RUN.html, or the format's own ending)",
    )
    .action(run(report));
  addDecisions(vet, run);
  withExamples(fetching, ["crew vet report 4 --output node-17.html", "crew vet report 4 --format junit"]);
  addAttestation(vet, run);
  addEvaluate(vet, run);
  addEvidence(vet, run);
  addProfiles(vet, run);
  addCompare(vet, run);
  addBatch(vet, run);
  addLearn(vet, run);
  addSpec(vet, run);
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
  if (session.format === "table" && session.io.stdout.isTty && response.run && !isOver(response.run)) {
    await watchVetting(session, operator, id);
    return;
  }
  session.show(GetVettingRunResponseSchema, response, () =>
    response.run ? renderVettingRun(response.run, session.view()) : [],
  );
}

async function watch(session: Session, _options: object, id: string): Promise<ExitCode> {
  return watchVetting(session, await session.operator(), id);
}

async function report(
  session: Session,
  { format, output }: { format: FormatName; output?: string },
  id: string,
): Promise<void> {
  await saveReport(session, await session.operator(), { id, format, output });
}
