import type { ArtifactInfo, CacheInfo } from "@groundcrew/proto";
import { formatBytes } from "../terminal/bytes.ts";
import { ageText, type Table } from "./tables.ts";

const right = "right" as const;

/** Artifacts, one a row. */
export function artifactTable(artifacts: ArtifactInfo[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID", align: right },
      { title: "NAME", flexible: true },
      { title: "WORKFLOW", flexible: true },
      { title: "STEP", flexible: true },
      { title: "SIZE", align: right },
      { title: "KEPT" },
    ],
    rows: artifacts.map((each) => [
      each.id,
      each.name,
      each.workflow,
      each.stepRun?.step ?? "",
      formatBytes(Number(each.size)),
      ageText(each.createdAt, nowMs),
    ]),
  };
}

/** Caches, one a row. */
export function cacheTable(caches: CacheInfo[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID", align: right },
      { title: "KEY", flexible: true },
      { title: "REPOSITORY", flexible: true },
      { title: "FOR", flexible: true },
      { title: "SIZE", align: right },
      { title: "STORED" },
      { title: "USED" },
    ],
    rows: caches.map((each) => [
      each.id,
      each.key,
      each.repository,
      each.pipelineId === "0" ? "all" : `untrusted pipeline ${each.pipelineId}`,
      formatBytes(Number(each.size)),
      ageText(each.createdAt, nowMs),
      ageText(each.lastUsedAt, nowMs),
    ]),
  };
}
