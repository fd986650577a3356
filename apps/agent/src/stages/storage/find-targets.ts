import { specDisks, type StorageParameters } from "@groundcrew/vetting";
import type { StageContext } from "../stage.ts";
import { readText } from "../sysfs.ts";
import { type BlockDevice, drives } from "./block-devices.ts";
import { type DriveIdentity, identityOf } from "./identity.ts";
import { openToDestroy, openToRead } from "./open-disk.ts";
import { openScratchFile } from "./scratch-file.ts";
import type { Target } from "./target.ts";

/** What is to be tested, all of it open, and what could not be opened. */
export interface Targets {
  targets: Target[];
  /** Drives that could not even be read, and why. */
  unread: string[];
  /** Disks that an operator named and whose data is not destroyed all the same, and why. */
  refused: string[];
}

/** Opens what the profile names, or every drive of the machine; a file in their place when none can be opened. */
export async function findTargets(context: StageContext, parameters: StorageParameters): Promise<Targets> {
  if (parameters.targets) return scratchTargets(parameters.targets, notHere(context));
  const found = await driveTargets(context);
  if (found.targets.length > 0 || !parameters.fallback) return found;
  const { targets, unread } = await scratchTargets([parameters.fallback], found.refused);
  return { targets, unread: [...found.unread, ...unread], refused: found.refused };
}

/** With files for targets no drive is touched, whatever an operator allowed. */
function notHere({ overrides }: StageContext): string[] {
  return overrides.destroyData.map((serial) => `${JSON.stringify(serial)}: the profile tests files and no drives`);
}

type Scratch = NonNullable<StorageParameters["fallback"]>;

async function scratchTargets(files: readonly Scratch[], refused: string[]): Promise<Targets> {
  const found: Targets = { targets: [], unread: [], refused };
  for (const [index, { file, size }] of files.entries()) {
    try {
      const handle = await openScratchFile({ file, size });
      const names = { part: `file ${file}`, title: `file ${file}`, prefix: `file-${index + 1}` };
      found.targets.push({ handle, ...names, sizeBytes: size, writable: true });
    } catch (error) {
      found.unread.push(`file ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

async function driveTargets(context: StageContext): Promise<Targets> {
  const { destroyData } = context.overrides;
  const all = await drives();
  const identities = await Promise.all(all.map(identityOf));
  const serialsHere = identities.map(({ serial }) => serial);
  const found: Targets = { targets: [], unread: [], refused: [] };
  for (const [index, device] of all.entries()) {
    const identity = identities[index] ?? { serial: "", wwn: "", model: "" };
    await openDrive(context, { device, identity, serialsHere }, found);
  }
  const strangers = destroyData.filter((serial) => !serialsHere.includes(serial));
  found.refused.push(
    ...strangers.map((serial) => `${JSON.stringify(serial)}: no drive of this machine has this serial`),
  );
  return found;
}

interface Found {
  device: BlockDevice;
  identity: DriveIdentity;
  serialsHere: string[];
}

/** Opens one drive: to destroy its data where that was asked for and no gate refuses, else to read. */
async function openDrive(
  context: StageContext,
  { device, identity, serialsHere }: Found,
  found: Targets,
): Promise<void> {
  const { name, sizeBytes, folder } = device;
  const { overrides, facts, destructive, signal } = context;
  const rotational = (await readText(`${folder}/queue/rotational`)) === "1";
  const part = `disk ${identity.serial || name}`;
  const title = `${name} (${[identity.model, identity.serial].filter((text) => text !== "").join(", ") || "no identity"})`;
  const target = { part, title, prefix: name, sizeBytes, drive: { device, model: identity.model, rotational } };
  if (overrides.destroyData.includes(identity.serial)) {
    const request = { allowedHere: destructive, ...overrides, serialsHere, specDisks: specDisks(facts.spec) };
    const opened = await openToDestroy(device, request, signal);
    if ("handle" in opened) return void found.targets.push({ ...target, handle: opened.handle, writable: true });
    found.refused.push(...opened.refused.map((why) => `${title}: ${why}`));
  }
  const opened = await openToRead(device);
  if ("handle" in opened) found.targets.push({ ...target, handle: opened.handle, writable: false });
  else found.unread.push(...opened.refused.map((why) => `${title}: ${why}`));
}
