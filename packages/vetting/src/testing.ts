import { OcpWriter } from "./ocp/writer.ts";
import type { GatedStage } from "./profile.ts";

/** Makes a stage's record: what `fill` writes between its start and its end. Each record is dated 0. */
export function recordOf(fill: (ocp: OcpWriter) => void, end: Parameters<OcpWriter["end"]>[0] | undefined = COMPLETE) {
  let text = "";
  const ocp = new OcpWriter({ write: (line) => (text += line), now: () => new Date(0) });
  ocp.start({ name: "smart", version: "1", commandLine: "smart", parameters: {}, dutInfo: { dutInfoId: "dut" } });
  fill(ocp);
  if (end !== undefined) ocp.end(end);
  return text;
}

/** The end of a stage that did its work. */
const COMPLETE = { status: "COMPLETE", result: "PASS" } as const;

/** A required stage with the gates `wrong = 0` (fail), `slow <= 10` (warn) and `sound >= 1` (error). */
export const STAGE: GatedStage = {
  name: "smart",
  required: true,
  timeoutMs: 5000,
  parameters: {},
  gates: [
    { metric: "wrong", op: "=", value: 0, severity: "fail", optional: false },
    { metric: "slow", op: "<=", value: 10, severity: "warn", optional: true },
    { metric: "sound", op: ">=", value: 1, severity: "error", optional: false },
  ],
};
