import type { SelEntry } from "./rows.ts";

/** What a power supply says in the event log when it does not do its work. */
const SUPPLY = /power supply|\bps(?:u)?[ _-]?\d|\bpsu\b/i;
const SUPPLY_FAULT = /ac lost|input lost|failure|out-of-range|config(?:uration)? error/i;
/** Faults of other parts that a machine with sound power supplies may report too. */
const OTHER_FAULT =
  /uncorrectable|bus fatal error|pci serr|\bierr\b|machine check|processor.*(?:thermal trip|throttled)|bios corruption/i;

/** Faults that stand in an event log: those that last, and those that went away again. */
interface SelFaults {
  supplies: SelEntry[];
  supplyRecovered: SelEntry[];
  others: SelEntry[];
}

/** Sorts the entries of an event log, oldest first. A fault lasts until the same sensor takes the same event back. */
export function selFaults(entries: readonly SelEntry[]): SelFaults {
  const faults: SelFaults = { supplies: [], supplyRecovered: [], others: [] };
  for (const [at, entry] of entries.entries()) {
    if (!entry.asserted) continue;
    const text = `${entry.sensor} ${entry.event}`;
    const recovered = entries.slice(at + 1).some((later) => takesBack(later, entry));
    if (SUPPLY.test(text) && SUPPLY_FAULT.test(entry.event)) {
      (recovered ? faults.supplyRecovered : faults.supplies).push(entry);
    } else if (OTHER_FAULT.test(text) && !recovered) faults.others.push(entry);
  }
  return faults;
}

function takesBack(later: SelEntry, fault: SelEntry): boolean {
  return !later.asserted && later.sensor === fault.sensor && later.event === fault.event;
}

/** When an entry was made, in milliseconds since 1970 by the controller's own clock. Undefined: it had none. */
export function selTimeMs({ date, time }: Pick<SelEntry, "date" | "time">): number | undefined {
  const [, month, day, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{2,4})$/.exec(date) ?? [];
  const [, clock, half] = /^(\d{2}:\d{2}:\d{2})(?: (AM|PM))?\b/.exec(time) ?? [];
  if (month === undefined || day === undefined || year === undefined || clock === undefined) return undefined;
  const full = year.length === 2 ? `20${year}` : year;
  const at = Date.parse(`${full}-${month.padStart(2, "0")}-${day.padStart(2, "0")}T${clock}Z`);
  if (Number.isNaN(at)) return undefined;
  const hour = Number(clock.slice(0, 2));
  const shift = half === "PM" && hour < 12 ? 12 : half === "AM" && hour === 12 ? -12 : 0;
  return at + shift * 3_600_000;
}
