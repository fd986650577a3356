import { asObject, asObjects, asText, parseJson } from "./json.ts";

/** A drive that smartctl can open. */
export interface ScannedDrive {
  /** Its device, such as `/dev/nvme0`. */
  path: string;
  /** What `smartctl --device` wants to be told, such as `sat` or `megaraid,3`. */
  type: string;
  /** `ATA`, `SCSI` or `NVMe`. Empty: smartctl does not say. */
  protocol: string;
}

/** What `smartctl --scan-open` found. */
export interface SmartScan {
  /** Such as 7.3. Absent: it does not tell. */
  version?: number;
  drives: ScannedDrive[];
  /** What it found and could not open: path and why. */
  closed: { path: string; why: string }[];
}

/** Reads `smartctl --json --scan-open`. Undefined when it is not that. A machine without drives has an empty scan. */
export function parseSmartScan(text: string): SmartScan | undefined {
  const document = asObject(parseJson(text));
  const tool = asObject(document?.["smartctl"]);
  if (!document || !tool) return undefined;
  const scan: SmartScan = { drives: [], closed: [] };
  const version = versionOf(tool["version"]);
  if (version !== undefined) scan.version = version;
  for (const device of asObjects(document["devices"])) {
    const path = asText(device["name"]);
    if (path === undefined || !path.startsWith("/dev/")) continue;
    const why = asText(device["open_error"]);
    if (why !== undefined) scan.closed.push({ path, why });
    else scan.drives.push({ path, type: asText(device["type"]) ?? "auto", protocol: asText(device["protocol"]) ?? "" });
  }
  return scan;
}

function versionOf(value: unknown): number | undefined {
  if (!Array.isArray(value)) return undefined;
  const [major, minor] = value as unknown[];
  return typeof major === "number" && typeof minor === "number" ? Number(`${major}.${minor}`) : undefined;
}
