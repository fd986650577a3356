import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import process from "node:process";
import { type DestructionRequest, type DiskFacts, destructionRefusals, isSameDisk } from "@groundcrew/vetting";
import { systemPath } from "../sysfs.ts";
import { type BlockDevice, blockDeviceOf, drives } from "./block-devices.ts";
import { diskFacts } from "./disk-facts.ts";
import { identityOf } from "./identity.ts";
import { deviceNumbers } from "./use.ts";

/** An open disk, or why it is not open, for people. */
export type OpenedDisk = { handle: FileHandle } | { refused: string[] };

/** Opens a disk for reading; what stands on it and who uses it does not matter. */
export async function openToRead({ name }: BlockDevice): Promise<OpenedDisk> {
  return open(systemPath(`/dev/${name}`), constants.O_RDONLY).then(
    (handle) => ({ handle }),
    (error: unknown) => ({ refused: [messageOf(error)] }),
  );
}

/**
 * Opens a disk whose data shall be destroyed, if every gate lets it: judged before it is opened, and once more of what
 * the kernel says of the very disk that is open then. It is found by its worldwide name and opened exclusively: while
 * it is open nobody can mount it, and what is mounted or built upon cannot be opened.
 */
export async function openToDestroy(
  device: BlockDevice,
  request: DestructionRequest,
  signal: AbortSignal,
): Promise<OpenedDisk> {
  const before = await diskFacts(device, systemPath(`/dev/${device.name}`), signal);
  const refusals = destructionRefusals(before, request);
  if (refusals.length > 0) return { refused: refusals.map(({ message }) => message) };
  const path = await pathOf(before.wwn);
  if (path === undefined) return { refused: [`not one disk has the worldwide name ${before.wwn}`] };
  try {
    const handle = await open(path, constants.O_RDWR | constants.O_EXCL);
    const refused = await refusedNow(handle, before, request, signal).catch((error: unknown) => [messageOf(error)]);
    if (refused.length === 0) return { handle };
    await handle.close();
    return { refused };
  } catch (error) {
    return { refused: [`it cannot be opened exclusively: ${messageOf(error)}`] };
  }
}

/** The device file of the one drive with this worldwide name; undefined when there is none, or more than one. */
async function pathOf(wwn: string): Promise<string | undefined> {
  const all = await drives();
  const identities = await Promise.all(all.map(identityOf));
  const [name, ...others] = all.filter((_, index) => identities[index]?.wwn === wwn).map((each) => each.name);
  return name === undefined || others.length > 0 ? undefined : systemPath(`/dev/${name}`);
}

/** The gates again, for the disk behind the descriptor: between two looks a name may have gone to another drive. */
async function refusedNow(
  handle: FileHandle,
  before: DiskFacts,
  request: DestructionRequest,
  signal: AbortSignal,
): Promise<string[]> {
  const found = await handle.stat();
  const device = found.isBlockDevice() ? await blockDeviceOf(deviceNumbers(found.rdev)) : undefined;
  if (device === undefined) return ["what was opened is no disk that the kernel knows"];
  const now = await diskFacts(device, `/proc/${process.pid}/fd/${handle.fd}`, signal);
  if (!isSameDisk(before, now)) return [`another disk was opened: serial ${JSON.stringify(now.serial)}`];
  return destructionRefusals(now, request).map(({ message }) => message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
