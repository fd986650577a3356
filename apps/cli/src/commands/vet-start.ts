import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { StartVettingBatchResponseSchema, StartVettingResponseSchema } from "@groundcrew/proto";
import type { ExitCode } from "../exit-codes.ts";
import { usage } from "../failure.ts";
import { readTextFile } from "../files.ts";
import { renderBatch } from "../render/vetting-batch.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { watchBatch } from "../watch/watch-batch.ts";
import { watchVetting } from "../watch/watch-vetting.ts";
import { parseLabels } from "./agent-update.ts";
import { countOf, parseMs, withExamples, withListing, withOutput, type Run } from "./command.ts";

interface StartOptions {
  profile: string;
  spec?: string;
  labels?: Record<string, string>;
  csv?: string;
  perRack?: number;
  maxWatts?: number;
  stagger?: number;
  watch?: boolean;
}

/** `crew vet start`. */
export function addStart(vet: Command, run: Run): void {
  const start = withOutput(vet.command("start"))
    .summary("queue vetting runs")
    .description(
      "Queues a vetting run for one machine, or for several: these are a batch, which is started whole or not at all, " +
        "lets as many runs go on at once as its limits allow, and has one summary (crew vet batch show).",
    )
    .argument("[targets...]", "machines by id, name, serial or host name, or vetting agents by name or id")
    .option(
      "-l, --labels <key=value,...>",
      "every machine with all of these labels, such as rack=4,model=R640",
      parseLabels,
    )
    .option("--csv <file>", "the machines of a CSV file: its column machine, id, name or serial, or its first")
    .option("--profile <profile>", "a profile that the server knows, or a file", "demo")
    .option("--spec <spec>", "a specification that the server has, or a file (default: the one a machine is bound to)")
    .option("--per-rack <n>", "runs at once of machines with the same label rack", countOf(1, 1_000_000))
    .option("--max-watts <n>", "watts at once, by what the machines draw", countOf(1, 1_000_000_000))
    .option("--stagger <duration>", "the least time from one start to the next, such as 30s", parseMs)
    .option("-w, --watch", "watch until all has ended; the exit code says how")
    .action(run(startRuns));
  withListing(start, "crew machines ls");
  withExamples(start, [
    "crew vet start node-17 --watch",
    "crew vet start node-17 --profile ./profiles/storage.yaml --spec ./r640.yaml",
    "crew vet start -l rack=4 --per-rack 8 --max-watts 12000 --stagger 30s --watch",
    "crew vet start --csv delivery.csv --spec r640",
  ]);
}

async function startRuns(session: Session, options: StartOptions, targets: string[]): Promise<ExitCode | void> {
  const { labels, csv, perRack, maxWatts, stagger } = options;
  const several = targets.length !== 1 || [labels, csv, perRack, maxWatts, stagger].some((each) => each !== undefined);
  if (several && targets.length === 0 && labels === undefined && csv === undefined) {
    throw usage("no machine is named", "name one, or say --labels or --csv: crew machines ls lists them");
  }
  return several ? startBatch(session, options, targets) : startOne(session, options, targets[0] ?? "");
}

async function startOne(session: Session, options: StartOptions, target: string): Promise<ExitCode | void> {
  const operator = await session.operator();
  const response = await operator.startVetting({ target, ...(await choices(session, options)) }, session.call);
  const id = response.run?.id ?? "0";
  if (options.watch) return watchVetting(session, operator, id);
  session.show(StartVettingResponseSchema, response, () => [
    visible(`Vetting run ${id} of ${target} is queued, with profile ${response.run?.profile ?? options.profile}.`),
  ]);
  if (session.format === "table") session.note(`watch it: crew vet watch ${id}`);
}

async function startBatch(session: Session, options: StartOptions, targets: string[]): Promise<ExitCode | void> {
  const { labels = {}, csv, perRack = 0, maxWatts = 0, stagger: staggerMs = 0 } = options;
  const operator = await session.operator();
  const targetsFile = csv === undefined ? {} : { targetsFile: await fileOf(session, csv) };
  const request = {
    targets,
    labels,
    ...targetsFile,
    perRack,
    maxWatts,
    staggerMs,
    ...(await choices(session, options)),
  };
  const response = await operator.startVettingBatch(request, session.call);
  const id = response.batch?.id ?? "0";
  if (options.watch) return watchBatch(session, operator, id);
  session.show(StartVettingBatchResponseSchema, response, () =>
    response.batch ? renderBatch(response.batch, session.view()) : [],
  );
  if (session.format === "table") session.note(`watch it: crew vet batch show ${id} --watch`);
}

async function choices(session: Session, { profile, spec }: StartOptions) {
  return {
    ...(isFile(session, profile) ? { profileFile: await fileOf(session, profile) } : { profile }),
    ...(spec !== undefined && (isFile(session, spec) ? { specFile: await fileOf(session, spec) } : { spec })),
  };
}

function isFile(session: Session, given: string): boolean {
  return /[/\\]|\.ya?ml$/.test(given) || existsSync(resolve(session.io.cwd, given));
}

/** A file as the server takes it. */
export async function fileOf(session: Session, given: string): Promise<{ path: string; content: string }> {
  return { path: given, content: await readTextFile(resolve(session.io.cwd, given), given) };
}
