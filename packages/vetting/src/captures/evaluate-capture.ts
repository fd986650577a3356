import { type Gate, type GateResult, judgeGate } from "../gate.ts";
import type { Measurement } from "../ocp/run.ts";
import { gravest, type Verdict } from "../verdict.ts";
import type { Capture } from "./capture.ts";
import { readCpuStress } from "./cpu-stress.ts";
import { readFio } from "./fio.ts";
import {
  CPU_STRESS_GATES,
  GPU_GATES,
  MEMORY_GATES,
  NETWORK_GATES,
  PSU_GATES,
  SMART_GATES,
  STORAGE_GATES,
} from "./gates.ts";
import { readGpu } from "./gpu.ts";
import { readIperf3 } from "./iperf3.ts";
import { readMemory } from "./memory.ts";
import { readPsu } from "./psu.ts";
import { readSmart } from "./smart.ts";

/** What kinds of captures can be judged by themselves, and by which gates when no others are given. */
const KINDS = {
  smart: { read: readSmart, gates: SMART_GATES },
  "cpu-stress": { read: readCpuStress, gates: CPU_STRESS_GATES },
  memory: { read: readMemory, gates: MEMORY_GATES },
  storage: { read: readFio, gates: STORAGE_GATES },
  network: { read: readIperf3, gates: NETWORK_GATES },
  gpu: { read: readGpu, gates: GPU_GATES },
  psu: { read: readPsu, gates: PSU_GATES },
} as const satisfies Record<string, { read: (text: string) => Capture; gates: readonly Gate[] }>;

/** A kind of capture. */
export type CaptureKind = keyof typeof KINDS;

/** The kinds of captures, as an operator names them. */
export const CAPTURE_KINDS = Object.keys(KINDS) as CaptureKind[];

/** A capture, judged. JSON-serialisable. */
export interface CaptureResult {
  verdict: Extract<Verdict, "pass" | "warn" | "fail" | "error">;
  /** For people: why the verdict is no better, the gravest first. Empty for a pass. */
  reasons: string[];
  /**
   * What was measured, by its name, with the part behind it in brackets where there are several. What the device did not
   * tell is absent, never 0.
   */
  metrics: Record<string, number>;
}

/** The longest output that is read, in UTF-16 units: several times the largest that is known. */
const MAX_LENGTH = 64 * 1024 * 1024;

/**
 * Judges one tool's output by itself, offline. Never throws, whatever the text: what cannot be read is an `error`, and
 * so is what leaves out a metric that a gate needs. `gates`: a profile's own. Default: those of the kind.
 */
export function evaluateCapture(kind: CaptureKind, text: string, gates?: readonly Gate[]): CaptureResult {
  const { read, gates: usual } = KINDS[kind];
  const capture: Capture =
    text.length > MAX_LENGTH
      ? { measurements: [], problems: [`it is longer than ${MAX_LENGTH} characters`], notes: [] }
      : read(text);
  const results = (gates ?? usual).map((gate) => judgeGate(gate, capture.measurements, undefined));
  const broken = results.filter(({ verdict }) => verdict !== "pass" && verdict !== "skip");
  // What could not be read at all has one reason, not one for each metric that is therefore missing.
  const shown = capture.measurements.length === 0 ? [] : broken;
  const verdict = gravest(
    [...shown.map((gate) => gate.verdict), ...capture.problems.map(() => "error" as const)],
    "pass",
  );
  const reasons = [...saying(shown, "fail"), ...capture.problems, ...saying(shown, "error"), ...saying(shown, "warn")];
  return {
    verdict: verdict as CaptureResult["verdict"],
    reasons: verdict === "pass" ? [] : [...reasons, ...capture.notes.map((note) => `the tool said: ${note}`)],
    metrics: Object.fromEntries(
      capture.measurements.map((each) => [keyOf(each, capture.measurements), Number(each.value)]),
    ),
  };
}

function saying(results: readonly GateResult[], wanted: Verdict): string[] {
  return results.filter(({ verdict }) => verdict === wanted).map(({ message }) => message);
}

function keyOf({ name, part }: Measurement, all: readonly Measurement[]): string {
  const parts = new Set(all.flatMap((each) => (each.name === name ? [each.part] : [])));
  return parts.size === 1 ? name : `${name} (${part ?? "all"})`;
}
