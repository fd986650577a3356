import { ipmiOf, type SelEntry, selTimeMs } from "@groundcrew/vetting";
import type { Notebook } from "../inventory/notebook.ts";
import { runTool } from "../tool.ts";

/** Events that the log took up since the run began, and how many have no time to tell by. */
export interface NewEvents {
  events: SelEntry[];
  undated: number;
}

/** Reads the event log. Undefined, and noted as absent, when it cannot be read. It is never cleared: it is evidence. */
export async function readEvents(notes: Notebook, file: string): Promise<SelEntry[] | undefined> {
  const { stdout, failure } = await runTool("ipmitool", ["sel", "elist"], notes.signal);
  if (stdout !== "") await notes.keep(file, stdout);
  if (failure === undefined) return ipmiOf(stdout).events;
  notes.absent("the event log", failure, ["psu.events_failed", "psu.events_recovered", "psu.events_other"]);
  return undefined;
}

/** How far the controller's clock is ahead of this machine's, in ms: its log has no time zone. 0 when it does not say. */
export async function clockLeadMs(signal: AbortSignal, now = Date.now): Promise<number> {
  const { stdout } = await runTool("ipmitool", ["sel", "time", "get"], signal);
  const [date = "", time = ""] = stdout.trim().split(/ +/);
  const told = selTimeMs({ date, time });
  return told === undefined ? 0 : told - now();
}

/**
 * The entries since the run began, by the controller's clock; and those that were not there when the stage began,
 * whatever their time.
 */
export function newEvents(
  before: readonly SelEntry[],
  after: readonly SelEntry[],
  { startedAt, leadMs }: { startedAt: string | undefined; leadMs: number },
): NewEvents {
  const known = new Set(before.map(({ id }) => id));
  const start = startedAt === undefined ? undefined : Date.parse(startedAt) + leadMs;
  const isNew = (event: SelEntry): boolean => {
    const at = selTimeMs(event);
    return !known.has(event.id) || (start !== undefined && at !== undefined && at >= start);
  };
  return {
    events: after.filter(isNew),
    undated: after.filter((event) => !isNew(event) && selTimeMs(event) === undefined).length,
  };
}
