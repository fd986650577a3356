import type { Inventory } from "../inventory.ts";
import { comparePci, compareGpus } from "./compare-buses.ts";
import { Comparing, type Comparison } from "./comparison.ts";
import { compareDisks } from "./compare-disks.ts";
import { compareMemory } from "./compare-memory.ts";
import { matchParts } from "./match-parts.ts";
import { speedText } from "./quantities.ts";
import type { Spec } from "./schema.ts";
import { specText } from "./text.ts";

/** What one machine must have, as whoever delivered it says. An empty list says nothing. */
export interface DeclaredParts {
  /** Each must be there; others may be. */
  macs: readonly string[];
  /** Exactly these. */
  diskSerials: readonly string[];
}

/**
 * Compares a machine with the specification of its model and with what was declared of it, field by field. Hardware that
 * is wanted and not there is a difference; what the inventory could not see is one that could not be judged.
 */
export function compareSpec(inventory: Inventory, spec: Spec, declared?: DeclaredParts): Comparison {
  const comparing = new Comparing();
  compareCpu(comparing, inventory, spec);
  compareMemory(comparing, inventory, spec);
  compareDisks(comparing, inventory, spec, declared?.diskSerials ?? []);
  compareNics(comparing, inventory, spec, declared?.macs ?? []);
  comparePci(comparing, inventory, spec);
  compareGpus(comparing, inventory, spec);
  compareFirmware(comparing, inventory, spec);
  return comparing;
}

function compareCpu(comparing: Comparing, { cpu }: Inventory, { cpu: wanted }: Spec): void {
  for (const field of ["model", "sockets", "cores", "threads"] as const) {
    const found = cpu?.[field];
    comparing.equal(`cpu.${field}`, wanted?.[field], typeof found === "string" ? specText(found) : found);
  }
}

function compareNics(comparing: Comparing, { nics }: Inventory, spec: Spec, macs: readonly string[]): void {
  const found = nics?.filter((nic) => nic.device !== undefined);
  if (spec.nics !== undefined) {
    matchParts(comparing, {
      field: "nics",
      wanted: spec.nics,
      found,
      fits: (nic, { speed, driver }) =>
        (speed === undefined || nic.speedMbps === speed) && (driver === undefined || specText(nic.driver) === driver),
      describeEntry: ({ speed, driver }) => nicText(speed, driver),
      describePart: ({ name, speedMbps, driver }) => `${name} (${nicText(speedMbps, driver, "no link")})`,
    });
  }
  const has = new Set(found?.map(({ mac }) => mac?.toLowerCase()));
  for (const mac of macs) {
    if (found === undefined) comparing.notFound("declared.macs", mac);
    else comparing.check("declared.macs", has.has(mac.toLowerCase()), mac, "no interface with this address");
  }
}

function nicText(speed: number | undefined, driver: string | undefined, without = "any speed"): string {
  return [speed === undefined ? without : speedText(speed), driver].filter(Boolean).join(" ");
}

/** What the inventory tells of firmware. The stage firmware sees more. */
function compareFirmware(comparing: Comparing, { dmi, cpu }: Inventory, { firmware = {} }: Spec): void {
  const seen: Record<string, string | undefined> = {
    bios: specText(dmi?.["bios_version"]),
    microcode: specText(cpu?.microcode),
  };
  for (const [component, allowed] of Object.entries(firmware)) {
    const field = `firmware.${component}`;
    const found = seen[component];
    if (!(component in seen)) comparing.unseen.push({ what: field, why: "the stage firmware compares it" });
    else if (found === undefined) comparing.notFound(field, `one of ${allowed.join(", ")}`);
    else comparing.check(field, allowed.includes(found), `one of ${allowed.join(", ")}`, found);
  }
}
