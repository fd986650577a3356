import { parseEthtoolDriver, parseMicrocode } from "@groundcrew/vetting";
import type { Notebook } from "../inventory/notebook.ts";
import { linkName, readNames, readText } from "../sysfs.ts";
import { runTool } from "../tool.ts";

/** One part with a firmware of its own. */
export interface Component {
  /** What an allow-list calls it: `bios`, `microcode`, `bmc`, `nvme.MODEL`, `nic.DRIVER`, `fwupd.NAME`. */
  name: string;
  version: string;
  /** Which one of several, for people. */
  part: string;
}

/** A name as an allow-list writes it: small letters, digits, `_`, `.` and `-`. */
export function componentName(kind: string, name: string): string {
  const plain = name
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.-]+/g, "-");
  return `${kind}.${plain}`.replaceAll(/-+$/g, "");
}

/** Everything whose version can be read. What cannot is noted. Reads only. */
export async function findComponents(notes: Notebook): Promise<Component[]> {
  const found = await Promise.all([bios(notes), microcode(), bmc(notes), drives(), nics(notes), fwupd(notes)]);
  return found.flat();
}

async function bios(notes: Notebook): Promise<Component[]> {
  const version = await readText("/sys/class/dmi/id/bios_version");
  if (version === undefined) notes.absent("BIOS", "/sys/class/dmi/id/bios_version cannot be read");
  return version === undefined ? [] : [{ name: "bios", version, part: "bios" }];
}

async function microcode(): Promise<Component[]> {
  const version = parseMicrocode((await readText("/proc/cpuinfo")) ?? "");
  return version === undefined ? [] : [{ name: "microcode", version, part: "cpu" }];
}

async function bmc(notes: Notebook): Promise<Component[]> {
  const { stdout, failure } = await runTool("ipmitool", ["mc", "info"], notes.signal);
  if (stdout !== "") await notes.keep("ipmitool-mc-info.txt", stdout);
  const version = /^Firmware Revision +: (\S.*)$/m.exec(stdout)?.[1]?.trim();
  if (version === undefined) notes.absent("BMC", failure ?? "ipmitool does not tell its firmware");
  return version === undefined ? [] : [{ name: "bmc", version, part: "bmc" }];
}

/** The kernel keeps what each NVMe controller said of itself. */
async function drives(): Promise<Component[]> {
  const folder = "/sys/class/nvme";
  const names = (await readNames(folder)) ?? [];
  const found = await Promise.all(
    names.map(async (name): Promise<Component[]> => {
      const [model, version, serial] = await Promise.all(
        ["model", "firmware_rev", "serial"].map((file) => readText(`${folder}/${name}/${file}`)),
      );
      if (model === undefined || version === undefined) return [];
      return [{ name: componentName("nvme", model), version, part: `disk ${serial ?? name}` }];
    }),
  );
  return found.flat();
}

async function nics(notes: Notebook): Promise<Component[]> {
  const folder = "/sys/class/net";
  const names = (await readNames(folder)) ?? [];
  const found = await Promise.all(
    names.map(async (name): Promise<Component[]> => {
      if ((await linkName(`${folder}/${name}/device`)) === undefined) return [];
      const { stdout } = await runTool("ethtool", ["-i", name], notes.signal);
      if (stdout !== "" && /^[\w.-]{1,32}$/.test(name)) await notes.keep(`ethtool-i-${name}.txt`, stdout);
      const { driver, firmware } = parseEthtoolDriver(stdout);
      if (driver === undefined || firmware === undefined) return [];
      const mac = await readText(`${folder}/${name}/address`);
      return [{ name: componentName("nic", driver), version: firmware, part: `nic ${mac ?? name}` }];
    }),
  );
  return found.flat();
}

/** fwupd knows drives, docks and controllers that nothing else tells of. */
async function fwupd(notes: Notebook): Promise<Component[]> {
  const { stdout, failure } = await runTool("fwupdmgr", ["get-devices", "--json"], notes.signal);
  if (stdout !== "") await notes.keep("fwupdmgr.json", stdout);
  if (failure !== undefined) notes.absent("devices of fwupd", failure);
  return devicesOf(stdout).flatMap(({ Name, Version }): Component[] => {
    if (typeof Name !== "string" || typeof Version !== "string") return [];
    return [{ name: componentName("fwupd", Name), version: Version, part: Name }];
  });
}

function devicesOf(json: string): Record<string, unknown>[] {
  try {
    const { Devices } = JSON.parse(json) as { Devices?: unknown };
    return Array.isArray(Devices) ? Devices.filter((each) => typeof each === "object" && each !== null) : [];
  } catch {
    return [];
  }
}
