import { ReportFormat } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import {
  canonicalJson,
  inventoryOf,
  readOcp,
  renderJunit,
  renderOcp,
  renderReport,
  sha256Of,
  signStatement,
  statementOf,
  type ReportInput,
} from "@groundcrew/vetting";
import type { KeyObject } from "node:crypto";

/** A file of a run as a whole. */
export interface ReportFile {
  name: string;
  contentType: string;
  content: string;
}

/** The name under which each format is stored. */
const NAMES = {
  [ReportFormat.HTML]: "report.html",
  [ReportFormat.OCP]: "report.ocp.jsonl",
  [ReportFormat.JUNIT]: "report.junit.xml",
  [ReportFormat.ATTESTATION]: "attestation.json",
  [ReportFormat.INVENTORY]: "inventory.json",
} as const;

/** The file that holds a format. Unspecified is HTML. Throws INVALID_ARGUMENT for one that is not known. */
export function fileOf(format: ReportFormat): string {
  if (format === ReportFormat.UNSPECIFIED) return NAMES[ReportFormat.HTML];
  const names: Readonly<Record<number, string>> = NAMES;
  const name = names[format];
  if (name === undefined) throw invalidField("format", format, "html, ocp, junit, attestation or inventory");
  return name;
}

/** A run's report in every format. The attestation is signed over the digests of the others. */
export function reportFiles(input: ReportInput, key: KeyObject): [ReportFile, ...ReportFile[]] {
  const html = { name: "report.html", contentType: "text/html", content: renderReport(input) };
  const others = [
    { name: "report.ocp.jsonl", contentType: "application/jsonl", content: renderOcp(input) },
    { name: "report.junit.xml", contentType: "application/xml", content: renderJunit(input) },
    ...inventoryFile(input),
  ];
  const subjects = [html, ...others].map(({ name, content }) => ({ name, sha256: sha256Of(content) }));
  const content = signStatement(statementOf(input, subjects), key);
  return [html, ...others, { name: "attestation.json", contentType: "application/vnd.in-toto+json", content }];
}

/** None when the machine told no inventory: the attestation then does not speak of one. */
function inventoryFile({ stages }: ReportInput): ReportFile[] {
  const inventory = stages.map(({ ocp }) => inventoryOf(readOcp(ocp))).find((found) => found !== undefined);
  if (inventory === undefined) return [];
  return [{ name: "inventory.json", contentType: "application/json", content: `${canonicalJson(inventory)}\n` }];
}
