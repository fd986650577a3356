import { invalidField } from "@groundcrew/rpc";
import { requireMap, requireRange, requireText } from "../validate.ts";

/** What an operator says of a machine. What is empty says nothing. */
export interface Declaration {
  name: string;
  serial: string;
  systemUuid: string;
  boardSerial: string;
  macs: readonly string[];
  diskSerials: readonly string[];
  labels: Record<string, string>;
  powerWatts: number;
  spec: string;
}

const SHORT = { max: 256, expected: "at most 256 characters" };
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Checks what somebody says of a machine, and writes addresses and UUIDs as agents do: in lower case. Throws
 * INVALID_ARGUMENT naming the field.
 */
export function checkedDeclaration(said: Declaration): Declaration {
  const { serial, boardSerial, diskSerials } = said;
  const systemUuid = said.systemUuid.toLowerCase();
  const macs = said.macs.map((mac) => mac.toLowerCase().replaceAll("-", ":"));
  if (systemUuid !== "") requireText("system_uuid", systemUuid, { max: 36, pattern: UUID, expected: "a UUID" });
  for (const mac of macs) {
    requireText("macs", mac, { max: 17, pattern: MAC, expected: "a MAC address such as b4:45:06:00:00:01" });
  }
  if (macs.length > 64) throw invalidField("macs", `${macs.length} addresses`, "at most 64");
  if (diskSerials.length > 1024) throw invalidField("disk_serials", `${diskSerials.length} serials`, "at most 1024");
  if (![serial, systemUuid, boardSerial, ...macs].some((text) => text !== "")) {
    throw invalidField(
      "serial",
      "empty",
      "serial, system_uuid, board_serial or macs: what tells the machine from others",
    );
  }
  return {
    name: checkedName(said.name),
    serial: requireText("serial", serial, SHORT),
    systemUuid,
    boardSerial: requireText("board_serial", boardSerial, SHORT),
    macs: [...new Set(macs)],
    diskSerials: [...new Set(diskSerials.map((each) => requireText("disk_serials", each, { ...SHORT, min: 1 })))],
    labels: requireMap("labels", said.labels, { maxEntries: 64, maxKey: 128, maxValue: 128 }),
    powerWatts: requireRange("power_watts", said.powerWatts, 0, 1_000_000),
    spec: said.spec,
  };
}

function checkedName(name: string): string {
  return requireText("name", name, {
    max: 63,
    pattern: /^([A-Za-z0-9][A-Za-z0-9._-]*)?$/,
    expected: "at most 63 of a-z, A-Z, 0-9, '-', '.', '_', starting with a letter or digit",
  });
}
