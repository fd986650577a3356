import { create } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { basename, resolve } from "node:path";
import { ListArtifactsResponseSchema } from "@groundcrew/proto";
import { saveArchive, unpackArtifact } from "../artifact-download.ts";
import { usage } from "../failure.ts";
import { collect, noteList } from "../paging.ts";
import { artifactTable } from "../render/files.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { idOf, withExamples, withList, type Run } from "./command.ts";

/** `crew artifacts`. */
export function addArtifacts(program: Command, run: Run): void {
  const artifacts = program
    .command("artifacts")
    .alias("artifact")
    .summary("files that steps keep")
    .description("Artifacts: files that steps keep, for later workflows and for people.");
  withList(artifacts.command("ls"))
    .alias("list")
    .description("Lists the artifacts of a pipeline or a workflow, newest first.")
    .option("--pipeline <id>", "of this pipeline", idOf("pipelines"))
    .option("--workflow <id>", "of this workflow", idOf("workflows"))
    .action(run(list));
  const fetch = artifacts
    .command("download")
    .description("Fetches an artifact and unpacks it, or saves it as the archive that it is.")
    .argument("<id>", "an artifact", idOf("artifacts"))
    .option("--into <folder>", "where its files go (default: a folder of the artifact's name)")
    .option("--archive <file>", "save it as a .tar.zst file instead")
    .action(run(download));
  withExamples(fetch, ["crew artifacts download 7", "crew artifacts download 7 --archive dist.tar.zst"]);
}

interface ListOptions {
  limit: number;
  pipeline?: string;
  workflow?: string;
}

async function list(session: Session, { limit, pipeline, workflow }: ListOptions): Promise<void> {
  if ((pipeline === undefined) === (workflow === undefined)) {
    throw usage("say whose artifacts: exactly one of --pipeline and --workflow", "crew pipelines ls");
  }
  const subject = { pipelineId: pipeline ?? "0", workflowId: workflow ?? "0" };
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const response = await operator.listArtifacts({ page: request, ...subject }, session.call);
    return { items: response.artifacts, nextPageToken: response.nextPageToken };
  });
  const { items: artifacts, nextPageToken } = page;
  const response = create(ListArtifactsResponseSchema, { artifacts, nextPageToken });
  session.showTable(ListArtifactsResponseSchema, response, artifactTable(artifacts, session.io.now()));
  noteList(session, page, "no artifacts");
}

async function download(session: Session, options: { into?: string; archive?: string }, id: string): Promise<void> {
  const { into, archive } = options;
  if (into !== undefined && archive !== undefined) throw usage("say one of --into and --archive, not both");
  const { cwd, signal } = session.io;
  const parts = (await session.operator()).getArtifact({ id }, { signal });
  if (archive === undefined) {
    const folder = await unpackArtifact(parts, ({ name }) => resolve(cwd, into ?? basename(name)), signal);
    session.note(visible(`The files are in ${folder}`));
  } else {
    const path = resolve(cwd, archive);
    await saveArchive(parts, path);
    session.note(visible(`The archive is ${path}`));
  }
}
