import { ReportFormat } from "@groundcrew/proto";
import { save } from "./save.ts";
import type { Operator, Session } from "./session.ts";

/** The formats of a report, by the names that `--format` takes. */
const FORMATS = {
  html: { format: ReportFormat.HTML, ending: "html" },
  ocp: { format: ReportFormat.OCP, ending: "ocp.jsonl" },
  junit: { format: ReportFormat.JUNIT, ending: "junit.xml" },
  attestation: { format: ReportFormat.ATTESTATION, ending: "attestation.json" },
  inventory: { format: ReportFormat.INVENTORY, ending: "inventory.json" },
} as const;

export type FormatName = keyof typeof FORMATS;
export const FORMAT_NAMES = Object.keys(FORMATS) as FormatName[];

/** Which report to write, and where: `output` as in {@link save}. */
export interface SaveReport {
  id: string;
  /** Default: html. */
  format?: FormatName;
  output?: string | undefined;
}

/** Writes a vetting run's report into a file, whole or not at all, or to standard output. */
export function saveReport(session: Session, operator: Operator, options: SaveReport): Promise<void> {
  const { id, output } = options;
  const { format, ending } = FORMATS[options.format ?? "html"];
  const parts = reportParts(operator, { id, format }, session.io.signal);
  const what = options.format === undefined || options.format === "html" ? "report" : options.format;
  return save(session, { parts, output, defaultName: `vetting-${id}.${ending}`, what });
}

async function* reportParts(
  operator: Operator,
  request: { id: string; format: ReportFormat },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const { data } of operator.getVettingReport(request, { signal })) yield data;
}
