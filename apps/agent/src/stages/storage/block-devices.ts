import { readNames, readText, realPath } from "../sysfs.ts";

const BLOCK = "/sys/block";

/** Block devices with no drive behind them, or one whose medium is not part of the machine. */
const NOT_A_DRIVE = /^(?:zram|ram|loop|nbd|fd|sr|dm-|md|rbd|drbd|bcache|zd)\d*/;

/** One block device, and what the kernel keeps under it. */
export interface BlockDevice {
  /** Such as `sda`. */
  name: string;
  /** Its folder, with every link followed: where it is attached. */
  folder: string;
  sizeBytes: number;
  /** Its own numbers and those of its partitions, `MAJOR:MINOR`. */
  numbers: string[];
  partitions: string[];
}

/** The machine's drives: whole, with a medium, by the kernel's names in order. */
export async function drives(): Promise<BlockDevice[]> {
  const names = ((await readNames(BLOCK)) ?? []).filter((name) => !NOT_A_DRIVE.test(name));
  const devices = await Promise.all(names.map((name) => blockDevice(name)));
  return devices.filter((device) => device !== undefined).filter(({ sizeBytes }) => sizeBytes > 0);
}

/** Every whole block device that has numbers, drives or not. */
export async function blockDeviceOf(numbers: string): Promise<BlockDevice | undefined> {
  const folder = await realPath(`/sys/dev/block/${numbers}`);
  const name = folder?.split("/").at(-1);
  return name === undefined ? undefined : blockDevice(name);
}

async function blockDevice(name: string): Promise<BlockDevice | undefined> {
  const folder = await realPath(`${BLOCK}/${name}`);
  const own = folder === undefined ? undefined : await readText(`${folder}/dev`);
  if (folder === undefined || own === undefined) return undefined;
  const partitions = await partitionsOf(folder);
  const theirs = await Promise.all(partitions.map((partition) => readText(`${folder}/${partition}/dev`)));
  // The kernel counts sectors of 512 bytes, whatever the drive's own are.
  const sizeBytes = Number((await readText(`${folder}/size`)) ?? 0) * 512;
  return { name, folder, sizeBytes, partitions, numbers: [own, ...theirs.filter((each) => each !== undefined)] };
}

async function partitionsOf(folder: string): Promise<string[]> {
  const names = (await readNames(folder)) ?? [];
  const marks = await Promise.all(names.map((name) => readText(`${folder}/${name}/partition`)));
  return names.filter((_, index) => marks[index] !== undefined);
}
