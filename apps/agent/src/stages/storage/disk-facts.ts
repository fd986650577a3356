import { type DiskFacts, parseWipefs } from "@groundcrew/vetting";
import { readText } from "../sysfs.ts";
import { runTool } from "../tool.ts";
import type { BlockDevice } from "./block-devices.ts";
import { identityOf, remoteness } from "./identity.ts";
import { useOf } from "./use.ts";

/** Reads everything that decides whether a disk's data may be destroyed. `path`: where the disk itself can be read. */
export async function diskFacts(device: BlockDevice, path: string, signal: AbortSignal): Promise<DiskFacts> {
  const { name, folder, sizeBytes, partitions } = device;
  const flag = async (file: string) => (await readText(`${folder}/${file}`)) === "1";
  const [identity, remote, use, signatures, rotational, readOnly] = await Promise.all([
    identityOf(device),
    remoteness(device),
    useOf(device),
    signaturesOn(path, signal),
    flag("queue/rotational"),
    flag("ro"),
  ]);
  const facts = { name, sizeBytes, partitions, ...identity, ...use, rotational, readOnly };
  return {
    ...facts,
    ...(remote !== undefined && { remote }),
    ...(signatures !== undefined && { signatures }),
  };
}

/** What stands on the disk. Undefined: it could not be read, or wipefs complained. */
async function signaturesOn(path: string, signal: AbortSignal): Promise<string[] | undefined> {
  const { stdout, failure } = await runTool("wipefs", ["--json", "--no-act", path], signal);
  return failure === undefined ? parseWipefs(stdout) : undefined;
}
