import type { Dimm, Inventory } from "../inventory.ts";
import type { Comparing } from "./comparison.ts";
import { matchParts } from "./match-parts.ts";
import { roundSizeText, sizeText } from "./quantities.ts";
import type { Spec } from "./schema.ts";
import { unevenChannels } from "./symmetry.ts";
import { specText } from "./text.ts";

type Memory = NonNullable<Spec["memory"]>;
type WantedDimm = NonNullable<Memory["dimms"]>[number];

/** The total, the modules, and how they are spread. */
export function compareMemory(comparing: Comparing, { memory: found, dimms }: Inventory, { memory }: Spec): void {
  if (memory === undefined) return;
  compareTotal(comparing, memory, found?.totalBytes);
  if (memory.dimms !== undefined) {
    matchParts(comparing, {
      field: "memory.dimms",
      wanted: memory.dimms,
      found: dimms,
      fits: fitsDimm,
      describeEntry: (entry) => dimmText(entry),
      describePart: (dimm) => `${dimm.locator ?? "a module"} (${dimmText({ ...dimm, size: dimm.sizeBytes })})`,
    });
  }
  if (memory.symmetric) compareSymmetry(comparing, dimms);
}

function compareTotal(comparing: Comparing, { total, tolerance }: Memory, found: number | undefined): void {
  if (total === undefined) return;
  const wanted = `${sizeText(total)} ± ${round(tolerance * 100)}%`;
  if (found === undefined) return comparing.notFound("memory.total", wanted);
  comparing.check("memory.total", Math.abs(found - total) <= total * tolerance, wanted, roundSizeText(found));
}

function compareSymmetry(comparing: Comparing, dimms: readonly Dimm[] | undefined): void {
  const field = "memory.symmetric";
  if (dimms === undefined) return comparing.notFound(field, "every channel filled alike");
  const uneven = unevenChannels(dimms);
  if (uneven === undefined) {
    comparing.unseen.push({ what: field, why: "the names of the slots do not tell the channels apart" });
  } else comparing.check(field, uneven.length === 0, "every channel filled alike", uneven.join("; "));
}

function fitsDimm(dimm: Dimm, wanted: WantedDimm): boolean {
  const same = (["type", "speed", "manufacturer", "part"] as const).every(
    (field) => wanted[field] === undefined || wanted[field] === specText(dimm[field]),
  );
  return same && (wanted.size === undefined || wanted.size === dimm.sizeBytes);
}

type DimmDetails = Partial<Record<"type" | "speed" | "manufacturer" | "part", string | undefined>>;

function dimmText({ size, type, speed, manufacturer, part }: DimmDetails & { size?: number | undefined }): string {
  const words = [size === undefined ? undefined : sizeText(size), type, speed, manufacturer, part];
  return words.filter((word) => word !== undefined).join(" ") || "any module";
}

/** A number to three digits after the point, without the noise of binary fractions. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
