import { save } from "./save.ts";
import type { Operator, Session } from "./session.ts";

/** Writes a vetting run's report into a file, whole or not at all, or to standard output. */
export function saveReport(session: Session, operator: Operator, id: string, output?: string): Promise<void> {
  const parts = reportParts(operator, id, session.io.signal);
  return save(session, { parts, output, defaultName: `vetting-${id}.html`, what: "report" });
}

async function* reportParts(operator: Operator, id: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const { data } of operator.getVettingReport({ id }, { signal })) yield data;
}
