import { parentsOf } from "./dependencies.ts";
import type { ExistingWorkflows } from "./existing.ts";
import { type Located, oneOrMoreOf, stepsOf, valueAt, workflowsOf } from "./located.ts";
import { didYouMean } from "./nearest.ts";
import type { Finding, Position } from "./problem.ts";
import { repeats } from "./repeats.ts";
import { dotted, quote } from "./show.ts";

/** A name where it stands. */
interface Name {
  text: string;
  at: Position;
}

/** Finds artifacts of one workflow that share a name, and downloads of what nothing keeps before. */
export function checkArtifacts(roots: readonly Located[], existing: ExistingWorkflows): Finding[] {
  const workflows = new Map(roots.flatMap(workflowsOf).map(([base, { value }]) => [base, value]));
  return [...workflows].flatMap(([base, workflow]) => {
    const where = dotted(["workflows", base]);
    const twice = repeats(`${where}: the artifact`, stepsOf(workflow).flatMap(keptBy));
    return [...twice, ...checkDownloads({ where, workflow, workflows, existing })];
  });
}

interface Asked {
  where: string;
  workflow: Located;
  workflows: ReadonlyMap<string, Located>;
  existing: ExistingWorkflows;
}

function checkDownloads({ where, workflow, workflows, existing }: Asked): Finding[] {
  const before: Name[] = [];
  const parents = parentsOf(workflow).map(({ text }) => text);
  return stepsOf(workflow).flatMap((step) => {
    const findings = oneOrMoreOf(valueAt(step, "downloads")).flatMap((download) => {
      const from = textAt(valueAt(download, "workflow"));
      if (!from)
        return missing(textAt(download) ?? textAt(valueAt(download, "artifact")), before, `${where}: in a step before`);
      // What a workflow keeps that is not in these files is not known here.
      if (parents.includes(from.text) && existing.has(from.text)) return [];
      const other = parents.includes(from.text) ? workflows.get(from.text) : undefined;
      if (!other) return [notWaitedFor(from, where, parents)];
      const kept = stepsOf(other).flatMap(keptBy);
      return missing(textAt(valueAt(download, "artifact")), kept, `${where}: in workflow ${quote(from.text)}`);
    });
    before.push(...keptBy(step));
    return findings;
  });
}

function missing(asked: Name | undefined, kept: readonly Name[], where: string): Finding[] {
  const names = kept.map(({ text }) => text);
  if (!asked || names.includes(asked.text)) return [];
  const message = `${where} expected the artifact of this name, found no ${quote(asked.text)}`;
  return [{ at: asked.at, message: message + didYouMean(asked.text, names) }];
}

function notWaitedFor({ text, at }: Name, where: string, waitedFor: string[]): Finding {
  const advice = didYouMean(text, waitedFor);
  return {
    at,
    message: `${where}.depends_on: expected every workflow that it downloads from, found no ${quote(text)}${advice}`,
  };
}

function keptBy(step: Located): Name[] {
  return oneOrMoreOf(valueAt(step, "artifacts")).flatMap((artifact) => textAt(valueAt(artifact, "name")) ?? []);
}

function textAt(value: Located | undefined): Name | undefined {
  return value?.kind === "text" ? value : undefined;
}
