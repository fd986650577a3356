import type { Selectable } from "kysely";
import type { Database } from "../db/schema.ts";

/** A machine's row. */
export type MachineRow = Selectable<Database["machines"]>;

/** A machine in a line, for people: its id and whatever tells it apart. */
export function describeMachine({ id, name, hostname, vendor, product, serial }: MachineRow): string {
  const words = [name, hostname, vendor, product, serial && `serial ${serial}`].filter((word) => word !== "");
  return words.length === 0 ? id : `${id} (${words.join(", ")})`;
}
