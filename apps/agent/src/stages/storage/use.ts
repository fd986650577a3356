import { stat } from "node:fs/promises";
import { type Mount, parseMountInfo, parseSwaps } from "@groundcrew/vetting";
import { readNames, readText } from "../sysfs.ts";
import { type BlockDevice, blockDeviceOf } from "./block-devices.ts";

/** Where a running system keeps what it was started from. */
const SYSTEM_FOLDERS = new Set(["/", "/usr", "/boot", "/boot/efi", "/efi", "/run/live/medium", "/run/initramfs/live"]);

/** What a machine uses a drive for. */
export interface DiskUse {
  mounts: string[];
  swaps: string[];
  holders: string[];
  boot: boolean;
}

/** Finds out what a drive, its partitions and whatever is built on them are used for. */
export async function useOf(device: BlockDevice): Promise<DiskUse> {
  const holders = await holdersOf(device);
  const built = await Promise.all(holders.map(({ name }) => deviceNamed(name)));
  const numbers = new Set([device, ...built.filter((each) => each !== undefined)].flatMap((each) => each.numbers));
  const [mounts, swaps, started] = await Promise.all([mountsOn(numbers), swapsOn(numbers), startedFrom()]);
  const boot = mounts.some(({ at }) => SYSTEM_FOLDERS.has(at)) || (started !== undefined && numbers.has(started));
  return {
    mounts: mounts.map(({ at }) => at),
    swaps,
    holders: holders.map(({ name }) => name),
    boot,
  };
}

/** What is built on a device or its partitions, and on that in turn. */
async function holdersOf({ folder, partitions }: BlockDevice): Promise<{ name: string }[]> {
  const folders = [folder, ...partitions.map((name) => `${folder}/${name}`)];
  const names = (await Promise.all(folders.map((each) => readNames(`${each}/holders`)))).flatMap((each) => each ?? []);
  const nested = await Promise.all(
    names.map(async (name) => {
      const device = await deviceNamed(name);
      return device === undefined ? [] : holdersOf(device);
    }),
  );
  return [...names.map((name) => ({ name })), ...nested.flat()];
}

async function deviceNamed(name: string): Promise<BlockDevice | undefined> {
  const numbers = await readText(`/sys/class/block/${name}/dev`);
  return numbers === undefined ? undefined : blockDeviceOf(numbers);
}

/** The mounts of this process's view and of the first one's, which may be another. */
async function mountsOn(numbers: ReadonlySet<string>): Promise<Mount[]> {
  const texts = await Promise.all(["/proc/self/mountinfo", "/proc/1/mountinfo"].map((path) => readText(path)));
  const mounts = texts.flatMap((text) => parseMountInfo(text ?? ""));
  const on = await Promise.all(
    mounts.map(async ({ device, source }) => numbers.has(device) || numbers.has((await numbersOf(source)) ?? "")),
  );
  return [...new Map(mounts.filter((_, index) => on[index]).map((mount) => [mount.at, mount])).values()];
}

async function swapsOn(numbers: ReadonlySet<string>): Promise<string[]> {
  const swaps = parseSwaps((await readText("/proc/swaps")) ?? "");
  const on = await Promise.all(swaps.map(async (path) => numbers.has((await numbersOf(path)) ?? "")));
  return swaps.filter((_, index) => on[index]);
}

/** The numbers of the device that the kernel's command line names as the root. */
async function startedFrom(): Promise<string | undefined> {
  const [, root] = /(?:^|\s)root=(\S+)/.exec((await readText("/proc/cmdline")) ?? "") ?? [];
  const [, kind, id] = /^(UUID|PARTUUID|LABEL|PARTLABEL)=(.+)$/.exec(root ?? "") ?? [];
  return numbersOf(kind === undefined ? (root ?? "") : `/dev/disk/by-${kind.toLowerCase()}/${id}`);
}

/** The numbers of the block device at a path; undefined for anything else. */
async function numbersOf(path: string): Promise<string | undefined> {
  if (!path.startsWith("/dev/")) return undefined;
  const found = await stat(path).catch(() => undefined);
  return found?.isBlockDevice() === true ? deviceNumbers(found.rdev) : undefined;
}

/** A device number as the kernel writes it in /sys: `MAJOR:MINOR`, by the packing of Linux' C library. */
export function deviceNumbers(rdev: number): string {
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
