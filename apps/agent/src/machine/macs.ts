import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

interface Nic {
  mac: string;
  isPhysical: boolean;
}

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const NO_MAC = new Set(["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"]);

/**
 * The permanent MAC addresses of the physical network cards, lower case, sorted, each once. A machine without any,
 * such as a container, answers those of its virtual ones.
 */
export async function readMacs(netDirectory: string): Promise<string[]> {
  const names = (await readdir(netDirectory).catch(() => [])).filter((name) => name !== "lo");
  const nics = (await Promise.all(names.map((name) => readNic(join(netDirectory, name))))).filter(({ mac }) => mac);
  const physical = nics.filter(({ isPhysical }) => isPhysical);
  return [...new Set((physical.length > 0 ? physical : nics).map(({ mac }) => mac))].toSorted();
}

// A card in a bond shows the bond's address; its own is kept beside.
async function readNic(directory: string): Promise<Nic> {
  const read = async (name: string) => (await readFile(join(directory, name), "utf8").catch(() => "")).trim();
  const mac = ((await read("bonding_slave/perm_hwaddr")) || (await read("address"))).toLowerCase();
  const isPhysical = await access(join(directory, "device")).then(
    () => true,
    () => false,
  );
  return { mac: MAC.test(mac) && !NO_MAC.has(mac) ? mac : "", isPhysical };
}
