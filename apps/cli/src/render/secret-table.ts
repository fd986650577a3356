import type { SecretInfo } from "@groundcrew/proto";
import { ageText, type Table } from "./tables.ts";

/** Secrets, one a row, without their values. */
export function secretTable(secrets: SecretInfo[], nowMs: number): Table {
  return {
    columns: [
      { title: "NAME", flexible: true },
      { title: "OF", flexible: true },
      { title: "EVENTS", flexible: true },
      { title: "SET BY" },
      { title: "SET" },
      { title: "KEY" },
    ],
    rows: secrets.map((each) => [
      each.name,
      each.owner === "" ? each.repository : `owner ${each.owner}`,
      each.events.length === 0 ? "all" : each.events.join(","),
      each.setBy,
      ageText(each.updatedAt, nowMs),
      each.keyId,
    ]),
  };
}
