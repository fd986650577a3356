import { stringify } from "yaml";
import { type Located, valueAt } from "../located.ts";
import { checkFiles } from "../plan-pipeline.ts";
import { type Finding, type PlanProblem, toProblems } from "../problem.ts";
import { readYaml, type SourceFile } from "../read-yaml.ts";
import { Carrier } from "./carrier.ts";
import { fromGithub } from "./github.ts";
import { fromWoodpecker } from "./woodpecker.ts";

/** A pipeline file, and what of the other is not in it; or why there is none. */
export type ImportResult = { ok: true; content: string; lost: PlanProblem[] } | { ok: false; problems: PlanProblem[] };

/**
 * Writes a workflow of GitHub Actions or Woodpecker as a pipeline file that `checkFiles` finds nothing wrong with, and
 * tells what it could not carry, with the place in the other file. Pure; never throws for any text.
 */
export function importFile(file: SourceFile): ImportResult {
  const refused = (findings: Finding[]): ImportResult => ({ ok: false, problems: toProblems([file.path], findings) });
  const { root, findings } = readYaml(file);
  if (!root || findings.length > 0) return refused(findings);
  const carrier = new Carrier();
  const written = writtenFrom(carrier, root, file.path);
  if (!written)
    return refused([
      {
        at: root.at,
        message: "expected a workflow of GitHub Actions, which has `jobs`, or of Woodpecker, which has `steps`",
      },
    ]);
  const content = stringify(written, { lineWidth: 0, aliasDuplicateObjects: false });
  const wrong = checkFiles([{ path: file.path, content }]);
  if (wrong.length > 0)
    return refused(
      wrong.map(({ message }) => ({ at: root.at, message: `what is written of it would be wrong: ${message}` })),
    );
  return { ok: true, content, lost: toProblems([file.path], carrier.lost) };
}

function writtenFrom(carrier: Carrier, root: Located, path: string): object | undefined {
  if (valueAt(root, "jobs")) return fromGithub(carrier, root);
  return (valueAt(root, "steps") ?? valueAt(root, "pipeline")) ? fromWoodpecker(carrier, root, path) : undefined;
}
