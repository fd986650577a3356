import { type Inventory, type Nic, parseIpLink } from "@groundcrew/vetting";
import { linkName, readCount, readNames, readText } from "../sysfs.ts";
import type { Notebook } from "./notebook.ts";

const FOLDER = "/sys/class/net";
/** The kernel's ARPHRD_ETHER and ARPHRD_INFINIBAND. Loopbacks and tunnels have other types. */
const LINK_TYPES = new Set(["1", "32"]);

/** The network interfaces, from sysfs, with what `ip` adds. */
export async function probeNics(notes: Notebook): Promise<Inventory["nics"]> {
  const links = await notes.ask(
    {
      what: "details of network interfaces",
      tool: "ip",
      args: ["-j", "-d", "link"],
      file: "ip-link.json",
      metrics: [],
    },
    parseIpLink,
  );
  const names = await readNames(FOLDER);
  if (names === undefined) {
    notes.absent("network interfaces", `${FOLDER} is not there`, ["nic.count"]);
    return undefined;
  }
  const nics = await Promise.all(names.map(probeNic));
  return nics.flat().map((nic) => {
    const link = links?.find((link) => link.name === nic.name);
    return link?.permanentMac === undefined ? nic : { ...nic, mac: link.permanentMac };
  });
}

async function probeNic(name: string): Promise<Nic[]> {
  const folder = `${FOLDER}/${name}`;
  if (!LINK_TYPES.has((await readText(`${folder}/type`)) ?? "")) return [];
  const nic = {
    name,
    mac: await readText(`${folder}/address`),
    speedMbps: await readCount(`${folder}/speed`),
    state: await readText(`${folder}/operstate`),
    mtu: await readCount(`${folder}/mtu`),
    driver: await linkName(`${folder}/device/driver`),
    device: await linkName(`${folder}/device`),
  };
  return [nic];
}
