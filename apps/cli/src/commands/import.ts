import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { formatProblem, importFile } from "@groundcrew/pipeline";
import { invalidFile, usage } from "../failure.ts";
import { readTextFile } from "../files.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withExamples, type Run } from "./command.ts";

interface ImportOptions {
  output?: string;
}

/** `crew import`. */
export function addImport(program: Command, run: Run): void {
  const command = program
    .command("import")
    .summary("write another tool's workflow as a pipeline file")
    .description(
      "Reads a workflow of GitHub Actions or Woodpecker and writes a pipeline file that `crew lint` finds nothing wrong " +
        "with. What it could not carry is listed on standard error, with its line.",
    )
    .argument("<file>", "the other tool's file")
    .option("-o, --output <file>", "where to write it; standard output without it. A file that exists is left alone")
    .action(run(importPipeline));
  withExamples(command, [
    "crew import .github/workflows/ci.yml -o .groundcrew.yaml",
    "crew import .woodpecker.yaml | crew lint /dev/stdin",
  ]);
}

async function importPipeline(session: Session, { output }: ImportOptions, name: string): Promise<void> {
  const content = await readTextFile(resolve(session.io.cwd, name), name);
  const result = importFile({ path: name, content });
  if (!result.ok) throw invalidFile(result.problems);
  if (output === undefined) session.print([result.content.trimEnd()]);
  else await writeNew(resolve(session.io.cwd, output), output, result.content);
  session.note(...result.lost.map((lost) => visible(formatProblem(lost))));
  if (result.lost.length > 0) session.note(`${result.lost.length} not carried: look at them before you use the file`);
}

async function writeNew(path: string, name: string, content: string): Promise<void> {
  try {
    await writeFile(path, content, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw usage(`${name} exists already`, "name another file");
    throw error;
  }
}
