import { formatProblem, type PlanProblem } from "@groundcrew/pipeline";
import { visible } from "../terminal/visible.ts";
import { crewVersion } from "../version.ts";

/** How problems are told. */
export type ReportFormat = "text" | "json" | "github" | "sarif";

/** The lines that problems are told in: for editors and people, as JSON, as workflow commands of GitHub, as SARIF 2.1.0. */
export const problemReports: Record<ReportFormat, (problems: readonly PlanProblem[]) => string[]> = {
  text: (problems) => problems.map((problem) => visible(formatProblem(problem))),
  json: (problems) => [JSON.stringify({ problems }, undefined, 2)],
  github: (problems) => problems.map(annotation),
  sarif: (problems) => [JSON.stringify(sarif(problems), undefined, 2)],
};

function annotation({ path, line, column, message }: PlanProblem): string {
  return `::error file=${property(path)},line=${line},col=${column}::${escapeData(message)}`;
}

/** As GitHub's own toolkit escapes them. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function sarif(problems: readonly PlanProblem[]): object {
  const results = problems.map(({ path, line, column, message }) => ({
    ruleId: "pipeline-file",
    level: "error",
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(path) },
          region: { startLine: line, startColumn: column },
        },
      },
    ],
  }));
  const driver = { name: "crew lint", version: crewVersion, rules: [{ id: "pipeline-file" }] };
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, results }],
  };
}
