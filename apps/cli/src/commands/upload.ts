import type { Command } from "commander";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { AddWorkflowsResponseSchema } from "@groundcrew/proto";
import { usage } from "../failure.ts";
import { readTextFile } from "../files.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { addWorkflows } from "../uploads/step-socket.ts";
import { withExamples, withOutput, type Run } from "./command.ts";

/** Adds `crew pipelines upload`. */
export function addUpload(pipelines: Command, run: Run): void {
  const upload = withOutput(pipelines.command("upload"))
    .description("Inside a step: adds the workflows of pipeline files to the pipeline that the step belongs to.")
    .argument("<file...>", "pipeline files; - is standard input")
    .action(run(uploadFiles));
  withExamples(upload, ["crew pipelines upload .groundcrew/deploy.yaml", "./make-workflows | crew pipelines upload -"]);
}

async function uploadFiles(session: Session, _options: object, paths: string[]): Promise<void> {
  const socket = session.io.env["GROUNDCREW_STEP_SOCKET"];
  if (socket === undefined || socket === "") {
    throw usage("this is not a step: GROUNDCREW_STEP_SOCKET is not set", "to start a new pipeline: crew submit FILE");
  }
  const files = [];
  for (const path of paths) files.push({ path: path === "-" ? "<stdin>" : path, content: await read(session, path) });
  const response = await addWorkflows(socket, files, session.io.signal);
  session.show(AddWorkflowsResponseSchema, response, () =>
    response.workflows.map(({ id, name }) => `Added workflow ${id}: ${visible(name)}`),
  );
}

function read({ io }: Session, path: string): Promise<string> {
  return path === "-" ? text(io.stdin) : readTextFile(resolve(io.cwd, path), path);
}
