import { networkInterfaces } from "node:os";
import { parseEthtoolErrors } from "@groundcrew/vetting";
import { readCount, readNames, readText, realPath } from "../sysfs.ts";
import { runTool } from "../tool.ts";

const NET = "/sys/class/net";

/** What the kernel counts of an interface, added up to what each metric tells. */
const COUNTERS = {
  errors: ["statistics/rx_errors", "statistics/tx_errors"],
  drops: ["statistics/rx_dropped", "statistics/tx_dropped"],
  crc_errors: ["statistics/rx_crc_errors"],
  carrier_changes: ["carrier_changes"],
} as const;

/** What an interface counts, by the end of the metric's name. Absent: it does not count it. */
type Counters = ReadonlyMap<string, number>;

/** One reading of an interface. */
export interface InterfaceState {
  name: string;
  /** Its hardware address; empty for one without. */
  address: string;
  counters: Counters;
  /** Its link's speed in Mbit/s. Absent: it has none, or is down. */
  speedMbits?: number;
  fullDuplex?: boolean;
  /** What `ethtool -S` wrote. Absent: nothing. */
  ethtool?: string;
}

/** Reads every interface of the machine. */
export async function readInterfaces(signal: AbortSignal): Promise<InterfaceState[]> {
  const names = (await readNames(NET)) ?? [];
  return Promise.all(names.map((name) => readInterface(name, signal)));
}

async function readInterface(name: string, signal: AbortSignal): Promise<InterfaceState> {
  const text = (file: string) => readText(`${NET}/${name}/${file}`);
  const [address, speed, duplex, ethtool] = await Promise.all([
    text("address"),
    // Reading it fails while the link is down, and is -1 for a link without a speed.
    readCount(`${NET}/${name}/speed`),
    text("duplex"),
    runTool("ethtool", ["-S", name], signal),
  ]);
  const own = await countersOf(name);
  const driver = [...parseEthtoolErrors(ethtool.stdout).values()];
  if (driver.length > 0)
    own.set(
      "driver_errors",
      driver.reduce((sum, count) => sum + count, 0),
    );
  return {
    name,
    address: address ?? "",
    counters: own,
    ...(speed !== undefined && speed > 0 && { speedMbits: speed }),
    ...((duplex === "full" || duplex === "half") && { fullDuplex: duplex === "full" }),
    ...(ethtool.failure === undefined && { ethtool: ethtool.stdout }),
  };
}

async function countersOf(name: string): Promise<Map<string, number>> {
  const read = Object.entries(COUNTERS).map(async ([metric, files]) => {
    const counts = await Promise.all(files.map((file) => readCount(`${NET}/${name}/${file}`)));
    const known = counts.filter((count) => count !== undefined);
    return known.length === files.length ? [[metric, known.reduce((sum, count) => sum + count, 0)] as const] : [];
  });
  return new Map((await Promise.all(read)).flat());
}

/** The interfaces that carry what goes out from an address: below a bond, a bridge or a VLAN those with a card. */
export async function carriersOf(address: string): Promise<string[]> {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some((each) => each.address === address),
  );
  return found === undefined ? [] : carriersBelow(found[0]);
}

async function carriersBelow(name: string): Promise<string[]> {
  if ((await realPath(`${NET}/${name}/device`)) !== undefined) return [name];
  const lower = ((await readNames(`${NET}/${name}`)) ?? []).filter((file) => file.startsWith("lower_"));
  const below = await Promise.all(lower.map((file) => carriersBelow(file.slice("lower_".length))));
  return lower.length === 0 ? [name] : below.flat();
}
