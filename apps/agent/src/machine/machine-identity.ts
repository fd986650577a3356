import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemPath } from "../stages/sysfs.ts";
import { readMacs } from "./macs.ts";
import { realValue, realUuid } from "./placeholders.ts";

/** Where to look; tests name folders of their own. */
export interface MachineSources {
  /** Default: that of the machine, or of what stands in for it. */
  sys?: string;
  /** As `sys`. */
  proc?: string;
}

/** What tells this hardware from other hardware. What is unknown, or a maker's placeholder, is "". */
export async function readMachineIdentity({ sys = systemPath("/sys") }: MachineSources = {}) {
  const dmi = (name: string) => readText(join(sys, "class/dmi/id", name));
  return {
    systemUuid: realUuid(await dmi("product_uuid")),
    boardSerial: realValue(await dmi("board_serial")),
    macs: await readMacs(join(sys, "class/net")),
    vendor: realValue(await dmi("sys_vendor")),
    product: realValue(await dmi("product_name")),
    serial: realValue(await dmi("product_serial")),
    hostname: hostname(),
  };
}

/** The kernel's boot id; "" where there is none. */
export function readBootId({ proc = systemPath("/proc") }: MachineSources = {}): Promise<string> {
  return readText(join(proc, "sys/kernel/random/boot_id"));
}

// Some of these files are for root only, some are absent: then nothing is known.
async function readText(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).trim();
}
