import type { Cpu } from "../inventory.ts";
import { asCount, asObjects, asText, known, parseJson } from "./json.ts";

/**
 * Reads `lscpu -J` (util-linux 2.34 on; newer ones nest the fields). Undefined when it is not such an output.
 * Counts come from the fields `Socket(s)`, `Core(s) per socket` and `On-line CPU(s) list`; ARM machines without the
 * first two have no core count.
 */
export function parseLscpu(text: string): Cpu | undefined {
  const fields = fieldsOf(parseJson(text));
  if (fields.size === 0) return undefined;
  const sockets = asCount(fields.get("Socket(s)"));
  const coresPerSocket = asCount(fields.get("Core(s) per socket"));
  return known<Cpu>({
    model: fields.get("Model name"),
    vendor: fields.get("Vendor ID"),
    architecture: fields.get("Architecture"),
    sockets,
    cores: sockets === undefined || coresPerSocket === undefined ? undefined : sockets * coresPerSocket,
    threads: countList(fields.get("On-line CPU(s) list") ?? "") ?? asCount(fields.get("CPU(s)")),
  });
}

/** How many numbers a kernel list such as `0-3,8` names. Undefined when it is not one. */
export function countList(text: string): number | undefined {
  let total = 0;
  for (const part of text.trim().split(",")) {
    const range = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part);
    if (range === null) return undefined;
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (last < first) return undefined;
    total += last - first + 1;
  }
  return total;
}

/** The fields by name. A stack instead of recursion: the depth is the input's. */
function fieldsOf(document: unknown): Map<string, string> {
  const fields = new Map<string, string>();
  const stack = asObjects((document as { lscpu?: unknown } | null | undefined)?.lscpu).toReversed();
  for (let field = stack.pop(); field !== undefined; field = stack.pop()) {
    const name = asText(field["field"])?.replace(/:$/, "");
    const data = asText(field["data"]);
    if (name !== undefined && data !== undefined && !fields.has(name)) fields.set(name, data);
    for (const child of asObjects(field["children"]).toReversed()) stack.push(child);
  }
  return fields;
}
