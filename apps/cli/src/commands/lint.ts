import { Option, type Command } from "commander";
import { checkFiles, type PlanProblem } from "@groundcrew/pipeline";
import { ExitCode } from "../exit-codes.ts";
import { problemReports, type ReportFormat } from "../render/problems.ts";
import type { Session } from "../session.ts";
import { readPipelineFiles } from "../source/pipeline-files.ts";
import { withExamples, type Run } from "./command.ts";

interface LintOptions {
  output: ReportFormat;
}

/** `crew lint`. */
export function addLint(program: Command, run: Run): void {
  const output = new Option("-o, --output <format>", "lines for people and editors, or what other programs read");
  const lint = program
    .command("lint")
    .summary("find the mistakes of pipeline files")
    .description(
      "Checks pipeline files without a server, whatever would start them, and prints all that is wrong with them. Each " +
        "file or folder named is one pipeline. Exits with 2 where something is wrong.",
    )
    .argument("[file...]", "pipeline files, or folders of them (default: this folder)")
    .addOption(output.choices(["text", "json", "github", "sarif"]).default("text"))
    .action(run(lintPipelines));
  withExamples(lint, [
    "crew lint",
    "crew lint ci.yaml nightly/",
    "crew lint -o github",
    "crew lint -o sarif > lint.sarif",
  ]);
}

async function lintPipelines(session: Session, { output }: LintOptions, names: string[]): Promise<ExitCode> {
  const problems: PlanProblem[] = [];
  let count = 0;
  for (const name of names.length === 0 ? ["."] : names) {
    const files = await readPipelineFiles(session.io.cwd, name);
    count += files.length;
    problems.push(...checkFiles(files.map((file) => ({ path: file.name, content: file.content }))));
  }
  session.print(problemReports[output](problems));
  const found =
    problems.length === 0 ? "nothing" : `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`;
  session.note(`${found} found in ${count} ${count === 1 ? "file" : "files"}`);
  return problems.length === 0 ? ExitCode.ok : ExitCode.usage;
}
