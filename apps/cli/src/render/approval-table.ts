import type { Approval } from "@groundcrew/proto";
import { ageText, type Table } from "./tables.ts";

/** Workflows that wait for an approval, one a row. */
export function approvalTable(approvals: Approval[], nowMs: number): Table {
  return {
    columns: [
      { title: "WORKFLOW" },
      { title: "NAME", flexible: true },
      { title: "PIPELINE" },
      { title: "REPOSITORY", flexible: true },
      { title: "COMMIT" },
      { title: "BY" },
      { title: "TRUST" },
      { title: "SECRETS", flexible: true },
      { title: "SUBMITTED" },
    ],
    rows: approvals.map(({ workflow, source, submittedBy, untrusted, secrets }) => [
      workflow?.id ?? "",
      workflow?.name ?? "",
      workflow?.pipelineId ?? "",
      source?.repository ?? "",
      source?.commit.slice(0, 12) ?? "",
      submittedBy,
      untrusted ? "stranger" : "trusted",
      secrets.join(","),
      ageText(workflow?.createdAt, nowMs),
    ]),
  };
}
