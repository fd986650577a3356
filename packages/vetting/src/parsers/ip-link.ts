import { asObjects, asText, parseJson } from "./json.ts";

/** What `ip` knows of a network interface that sysfs does not tell. */
export interface IpLink {
  name: string;
  /** The address that the hardware was made with. Absent: the kernel does not tell, or it is the one in use. */
  permanentMac?: string;
}

/** Reads `ip -j -d link`. Undefined when it is not such an output. */
export function parseIpLink(text: string): IpLink[] | undefined {
  const links = parseJson(text);
  if (!Array.isArray(links)) return undefined;
  return asObjects(links).flatMap((link) => {
    const name = asText(link["ifname"]);
    const permanentMac = asText(link["permaddr"]);
    if (name === undefined) return [];
    return [permanentMac === undefined ? { name } : { name, permanentMac }];
  });
}
