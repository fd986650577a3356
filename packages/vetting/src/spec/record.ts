import { OcpWriter, type OcpWriterOptions } from "../ocp/writer.ts";
import type { Comparison } from "./comparison.ts";

/** What one comparison is about. */
export interface SpecRecord {
  /** The specification's name. Absent: there was none. */
  spec?: string;
  /** Absent: the inventory cannot be read, or there is no specification. */
  comparison?: Comparison;
  /** Why there is no comparison. */
  fault?: string;
  /** The server's release. */
  version: string;
  /** What the machine is called. */
  machine: string;
  now: OcpWriterOptions["now"];
}

/**
 * The record of the comparison, as of any stage: `spec.compared` and `spec.differences`, a diagnosis for each field that
 * is not as wanted, an error for each that could not be seen.
 */
export function specRecord({ spec, comparison, fault, version, machine, now }: SpecRecord): string {
  let text = "";
  const ocp = new OcpWriter({ write: (line) => (text += line), now });
  const parameters = spec === undefined ? {} : { spec };
  ocp.start({
    name: "spec_validate",
    version,
    commandLine: "spec_validate",
    parameters,
    dutInfo: { dutInfoId: machine },
  });
  if (comparison === undefined) {
    ocp.error("not compared", fault ?? "there is nothing to compare");
    ocp.end({ status: "ERROR", result: "NOT_APPLICABLE" });
    return text;
  }
  const differing = comparison.differences.filter(({ verdict }) => verdict === "fail");
  ocp.measurement("spec.compared", comparison.compared);
  ocp.measurement("spec.differences", differing.length);
  for (const { field, wanted, found } of differing) {
    ocp.diagnosis({ verdict: field, type: "FAIL", message: `${wanted} is wanted, found: ${found}`.slice(0, 1000) });
  }
  for (const { field, wanted, verdict, found } of comparison.differences) {
    if (verdict === "error") ocp.error(field, `${wanted} is wanted, ${found}`);
  }
  for (const { what, why } of comparison.unseen) ocp.absent({ what, why, metrics: [] });
  ocp.end({ status: "COMPLETE", result: differing.length === 0 ? "PASS" : "FAIL" });
  return text;
}
