import type { VettingBatch } from "@groundcrew/proto";
import { renderTable } from "../terminal/table.ts";
import { visible } from "../terminal/visible.ts";
import { vettingTable, type Table } from "./tables.ts";
import { ageText } from "./tables.ts";
import { machineText, vettingLook } from "./vetting.ts";
import type { View } from "./view.ts";

/** The summary of a batch: how its runs stand, and each of them. */
export function renderBatch(batch: VettingBatch, view: View): string[] {
  const limits = limitsText(batch);
  const heading = [`batch ${batch.id}`, `profile ${batch.profile}`, limits, `by ${batch.createdBy}`];
  const { columns, rows } = vettingTable(batch.runs, view.nowMs);
  const table = rows.length === 0 ? [] : renderTable(columns, rows, { style: view.style, width: view.width });
  const lines = [visible(heading.filter(Boolean).join(", ")), countsText(batch), ...table];
  return view.height === undefined ? lines : lines.slice(0, Math.max(1, view.height));
}

/** What changed from one snapshot of a batch to the next, one line each. */
export function batchChanges(before: VettingBatch | undefined, after: VettingBatch): string[] {
  const known = new Map(before?.runs.map((run) => [run.id, vettingLook(run).word]));
  const changed = after.runs.filter((run) => known.get(run.id) !== vettingLook(run).word);
  const lines = changed.map((run) => visible(`run ${run.id} of ${machineText(run)} ${vettingLook(run).word}`));
  return lines.length === 0 ? [] : [...lines, countsText(after)];
}

/** How its runs stand, in words. */
export function countsText({ counts }: VettingBatch): string {
  const { total = 0, waiting = 0, active = 0, passed = 0, failed = 0, other = 0, activeWatts = 0 } = counts ?? {};
  const told = [
    [passed, "passed"],
    [failed, "failed"],
    [active, `active${activeWatts > 0 ? ` (${activeWatts} W)` : ""}`],
    [waiting, "waiting"],
    [other, "ended otherwise"],
  ] as const;
  const parts = told.filter(([many]) => many > 0).map(([many, what]) => `${many} ${what}`);
  return `${total} ${total === 1 ? "machine" : "machines"}: ${parts.join(", ") || "none"}`;
}

function limitsText({ perRack, maxWatts, staggerMs }: VettingBatch): string {
  const limits = [
    perRack > 0 ? `${perRack} a rack` : "",
    maxWatts > 0 ? `${maxWatts} W` : "",
    staggerMs > 0 ? `one every ${staggerMs / 1000} s` : "",
  ];
  return limits.filter((limit) => limit !== "").join(" and ");
}

/** Batches, one a row. */
export function batchTable(batches: VettingBatch[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID", align: "right" },
      { title: "PROFILE" },
      { title: "LIMITS", flexible: true },
      { title: "STANDS", flexible: true },
      { title: "BY" },
      { title: "STARTED" },
    ],
    rows: batches.map((each) => [
      each.id,
      each.profile,
      limitsText(each),
      countsText(each),
      each.createdBy,
      ageText(each.createdAt, nowMs),
    ]),
  };
}
