import { asObject, asObjects, asText, parseJson } from "./json.ts";

/**
 * The kinds of signatures in `wipefs --json --no-act DEVICE`, such as `ext4`, `crypto_LUKS`, `LVM2_member`, `swap`,
 * `linux_raid_member` or `gpt`, each once. It prints nothing for a device without any. Undefined when it is not such
 * an output.
 */
export function parseWipefs(text: string): string[] | undefined {
  if (text.trim() === "") return [];
  const found = asObject(parseJson(text))?.["signatures"];
  if (!Array.isArray(found)) return undefined;
  return [...new Set(asObjects(found).map((signature) => asText(signature["type"]) ?? "something unknown"))];
}
