import { z } from "zod";
import type { GateResult } from "../gate.ts";
import type { OcpRun } from "./run.ts";

/** The extension that says what besides the hardware may have made metrics worse: content {@link Doubt}. */
export const DOUBT_EXTENSION = "groundcrew.doubt";

const doubt = z.object({ metrics: z.array(z.string()).max(1000), why: z.string() });

/** Metrics that are only a lower bound of what the hardware does, and why. */
export type Doubt = z.infer<typeof doubt>;

/**
 * A gate that would fail the hardware for a figure that something else may have held down says nothing of it: it becomes
 * an `error`. Every other result stays as it is: a figure that is good enough is so in spite of it.
 */
export function withDoubts(result: GateResult, run: OcpRun): GateResult {
  if (result.verdict !== "fail") return result;
  const found = run.extensions.flatMap(({ name, content }) => {
    const parsed = name === DOUBT_EXTENSION ? doubt.safeParse(content) : undefined;
    return parsed?.success === true && parsed.data.metrics.includes(result.metric) ? [parsed.data.why] : [];
  });
  if (found.length === 0) return result;
  return { ...result, verdict: "error", message: `${result.message}; but ${[...new Set(found)].join(", and ")}` };
}
