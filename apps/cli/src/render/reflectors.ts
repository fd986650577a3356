import type { ReflectorInfo } from "@groundcrew/proto";
import { formatBits } from "../terminal/bits.ts";
import { ageText, type Table } from "./tables.ts";

const right = "right" as const;

/** Reflectors, one a row. */
export function reflectorTable(reflectors: ReflectorInfo[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID", align: right },
      { title: "HOST", flexible: true },
      { title: "PORT", align: right },
      { title: "IN USE", align: right },
      { title: "CAPACITY" },
      { title: "BY", flexible: true },
      { title: "ADDED" },
    ],
    rows: reflectors.map((each) => [
      each.id,
      each.host,
      String(each.port),
      `${each.leasedSlots} of ${each.slots}`,
      formatBits(each.capacityBitsPerSecond),
      each.replica === "" ? each.addedBy : `server ${each.replica}`,
      ageText(each.createdAt, nowMs),
    ]),
  };
}
