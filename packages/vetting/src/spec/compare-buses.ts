import type { Inventory, PciDevice } from "../inventory.ts";
import type { Comparing } from "./comparison.ts";
import { deviceText, gpusOf } from "./gpus.ts";
import { matchParts } from "./match-parts.ts";
import { type Link, linkText, parseLink } from "./quantities.ts";
import type { Spec } from "./schema.ts";

/** The PCI devices that must be there, and their links. */
export function comparePci(comparing: Comparing, { pci: found }: Inventory, { pci: wanted }: Spec): void {
  if (wanted === undefined) return;
  const taken = matchParts(comparing, {
    field: "pci",
    wanted,
    found,
    fits: (part, { device, slot }) => names(part, device) && (slot === undefined || slot === part.slot),
    describeEntry: ({ device, slot }) => [device, slot].filter(Boolean).join(" at ") || "any device",
    describePart: ({ slot }) => slot,
    othersAllowed: true,
  });
  wanted.forEach((entry, n) => compareLinks(comparing, `pci[${n}].link`, entry.link, taken.get(entry)));
}

/** The GPUs, all of them, and their links. */
export function compareGpus(comparing: Comparing, inventory: Inventory, { gpus: wanted }: Spec): void {
  if (wanted === undefined) return;
  const taken = matchParts(comparing, {
    field: "gpus",
    wanted,
    found: gpusOf(inventory),
    fits: (part, { model }) => names(part, model),
    describeEntry: ({ model = "any GPU" }) => model,
    describePart: (part) => `${part.slot} (${deviceText(part)})`,
  });
  wanted.forEach((entry, n) => compareLinks(comparing, `gpus[${n}].link`, entry.link, taken.get(entry)));
}

function names(part: PciDevice, text: string | undefined): boolean {
  return text === undefined || deviceText(part).toLowerCase().includes(text.toLowerCase());
}

function compareLinks(comparing: Comparing, field: string, wanted: Link | undefined, parts: PciDevice[] = []): void {
  if (wanted === undefined) return;
  for (const { slot, link } of parts) {
    const found = link === undefined ? undefined : parseLink(link);
    const text = `${linkText(wanted)} at ${slot}`;
    if (found === undefined) comparing.notFound(field, text);
    else comparing.check(field, isLink(found, wanted), text, linkText(found));
  }
}

function isLink(found: Link, wanted: Link): boolean {
  const speed = wanted.gtPerSecond === undefined || wanted.gtPerSecond === found.gtPerSecond;
  return speed && (wanted.lanes === undefined || wanted.lanes === found.lanes);
}
