import type { Disk, Inventory } from "../inventory.ts";
import type { Comparing } from "./comparison.ts";
import { matchParts } from "./match-parts.ts";
import { round } from "./compare-memory.ts";
import { roundSizeText, sizeText } from "./quantities.ts";
import type { Spec } from "./schema.ts";
import { specText } from "./text.ts";

type WantedDisk = NonNullable<Spec["disks"]>[number];

/** The disks by model, size or serial, their firmware, and the serials that were declared. */
export function compareDisks(
  comparing: Comparing,
  { disks: all }: Inventory,
  { disks: wanted }: Spec,
  serials: readonly string[],
): void {
  // A stick that somebody boots from is no part of the machine, unless the specification says so.
  const usbWanted = wanted?.some(({ transport }) => transport === "usb") === true;
  const found = all?.filter(({ transport }) => transport !== "usb" || usbWanted);
  if (wanted !== undefined) {
    const taken = matchParts(comparing, {
      field: "disks",
      wanted,
      found,
      fits: fitsDisk,
      describeEntry: entryText,
      describePart: diskText,
    });
    wanted.forEach((entry, index) => compareFirmware(comparing, `disks[${index}].firmware`, entry, taken.get(entry)));
  }
  if (serials.length > 0) compareSerials(comparing, serials, found);
}

function compareFirmware(comparing: Comparing, field: string, { firmware }: WantedDisk, disks: Disk[] = []): void {
  if (firmware === undefined) return;
  const wanted = `one of ${firmware.join(", ")}`;
  for (const disk of disks) {
    if (disk.firmware === undefined) comparing.notFound(field, `${wanted} on ${diskText(disk)}`);
    else comparing.check(field, firmware.includes(disk.firmware), wanted, `${disk.firmware} on ${diskText(disk)}`);
  }
}

/** The same set, whatever the order. */
function compareSerials(comparing: Comparing, serials: readonly string[], disks: readonly Disk[] | undefined): void {
  const field = "declared.disk_serials";
  if (disks === undefined) return comparing.notFound(field, serials.join(", "));
  const found = new Set(disks.flatMap(({ serial }) => serial ?? []));
  for (const serial of serials) comparing.check(field, found.has(serial), serial, "no disk with this serial");
  const others = disks.filter(({ serial }) => serial === undefined || !serials.includes(serial));
  comparing.check(field, others.length === 0, "no others", others.map(diskText).join(", "));
}

function fitsDisk(disk: Disk, wanted: WantedDisk): boolean {
  const same = (["model", "serial", "transport"] as const).every(
    (field) => wanted[field] === undefined || wanted[field] === specText(disk[field]),
  );
  const kind = wanted.rotational === undefined || wanted.rotational === disk.rotational;
  return same && kind && isSize(disk.sizeBytes, wanted);
}

function isSize(sizeBytes: number, { size, tolerance }: WantedDisk): boolean {
  return size === undefined || Math.abs(sizeBytes - size) <= size * tolerance;
}

function entryText({ model, serial, size, tolerance, transport, rotational }: WantedDisk): string {
  const words = [
    model,
    serial === undefined ? undefined : `serial ${serial}`,
    size === undefined ? undefined : `${sizeText(size)} ± ${round(tolerance * 100)}%`,
    transport,
    rotational === undefined ? undefined : rotational ? "rotating" : "solid state",
  ];
  return words.filter((word) => word !== undefined).join(" ") || "any disk";
}

function diskText({ name, model, serial, sizeBytes }: Disk): string {
  const words = [model?.trim(), roundSizeText(sizeBytes), serial === undefined ? undefined : `serial ${serial}`];
  return `${name} (${words.filter((word) => word !== undefined).join(", ")})`;
}
