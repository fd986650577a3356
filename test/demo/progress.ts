import type { Pipeline, VettingRun } from "@groundcrew/proto";
import { Verdict } from "@groundcrew/proto";
import { renderPipeline } from "../../apps/cli/src/render/pipeline.ts";
import { pipelineChanges } from "../../apps/cli/src/render/pipeline-changes.ts";
import { renderVettingRun, vettingChanges } from "../../apps/cli/src/render/vetting.ts";
import type { View } from "../../apps/cli/src/render/view.ts";
import { paint } from "../../apps/cli/src/terminal/style.ts";
import { truncate } from "../../apps/cli/src/terminal/width.ts";
import type { Presentation } from "../../apps/cli/src/watch/present.ts";

/** All that a person watches: the pipeline, the vetting run, and what was done to the programs. */
export interface Progress {
  pipeline?: Pipeline;
  vetting?: VettingRun;
  /** What was killed and came back, oldest first. */
  notes: readonly string[];
}

/** Redrawn in place on a terminal; only the notes stay when it is over, as a table follows. Lines in a pipe. */
export const presentation: Presentation<Progress> = {
  render: renderProgress,
  changes: progressChanges,
  json: () => undefined,
};

function renderProgress({ pipeline, vetting, notes }: Progress, view: View): string[] {
  const noteLines = notes.map((note) => paint(view.style, "magenta", truncate(` ${note}`, view.width)));
  if (!view.live) return noteLines;
  const vettingLines = vetting ? ["", ...renderVettingRun(withoutSkips(vetting), view)] : [];
  const height = Math.max(3, (view.height ?? Infinity) - vettingLines.length - noteLines.length - 1);
  const pipelineLines = pipeline ? renderPipeline(pipeline, { ...view, height }) : [];
  return [...noteLines, "", ...pipelineLines, ...vettingLines].slice(0, view.height);
}

/** The stages that do something: most of this profile's are skipped, which the summary tells. */
function withoutSkips(run: VettingRun): VettingRun {
  const stages = run.stages.filter(({ verdict, startedAt }) => verdict !== Verdict.SKIP && startedAt !== undefined);
  return { ...run, stages, notCovered: [] };
}

function progressChanges(before: Progress | undefined, after: Progress): string[] {
  return [
    ...after.notes.slice(before?.notes.length ?? 0),
    ...(after.pipeline ? pipelineChanges(before?.pipeline, after.pipeline) : []),
    ...(after.vetting
      ? vettingChanges(before?.vetting && withoutSkips(before.vetting), withoutSkips(after.vetting))
      : []),
  ];
}
