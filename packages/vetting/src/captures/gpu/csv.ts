import { type GpuSheet, type GpuSheets, idOf } from "./sheet.ts";

/** A line of names that `--query-gpu` knows, such as `uuid, ecc.errors.uncorrected.volatile.total`. */
const HEADER =
  /^(?=.*(?:uuid|index|name|pci\.bus_id|timestamp|ecc\.|retired_pages|remapped_rows|clocks_|temperature))[a-z_]+[\w.]*(?: \[[^\]]*\])?(?:, [a-z_]+[\w.]*(?: \[[^\]]*\])?)+$/i;

/** Queries about something else than GPUs themselves. */
const OTHER_QUERY = /\b(?:pid|gpu_uuid|process_name)\b/;

/** True for a text with a table of `nvidia-smi --query-gpu=… --format=csv`. */
export function isGpuCsv(text: string): boolean {
  return text.split("\n").some(isHeader);
}

/** Reads the tables of `nvidia-smi --query-gpu=… --format=csv`: with their header, which names what was asked. */
export function readGpuCsv(text: string): GpuSheets[] {
  const lines = text.split("\n").map((line) => line.trimEnd());
  return lines.flatMap((line, at) => (isHeader(line) ? [readTable(line, lines.slice(at + 1))] : []));
}

function isHeader(line: string): boolean {
  return HEADER.test(line.trimEnd()) && !OTHER_QUERY.test(line);
}

function readTable(header: string, lines: readonly string[]): GpuSheets {
  const names = header.split(", ").map((name) => pathOf(name));
  const end = lines.findIndex((line) => line === "" || line.startsWith("#") || isHeader(line));
  const rows = lines.slice(0, end < 0 ? lines.length : end).map((line) => line.split(", "));
  const problems = rows.some((row) => row.length !== names.length)
    ? ["a row has more or fewer fields than the header names"]
    : [];
  const gpus = rows.map((row, place): GpuSheet => {
    const fields = row.map((value, column): [string, string] => [names[column] ?? "", value.trim()]);
    return { id: idOf(fields, fields.find(([path]) => path === "index")?.[1] ?? `GPU ${place}`), fields };
  });
  const claimed = gpus[0]?.fields.find(([path]) => path === "count")?.[1];
  // The last line of a table ends; one that does not may lack the end of its last value.
  if (end < 0) problems.push("it is cut off within a line");
  return { gpus, problems, ...(claimed !== undefined && /^\d{1,4}$/.test(claimed) && { claimed: Number(claimed) }) };
}

/** `retired_pages.double_bit.count` is `retired_pages/double_bit/count`. */
function pathOf(name: string): string {
  return name
    .replace(/ \[[^\]]*\]$/, "")
    .trim()
    .toLowerCase()
    .replaceAll(".", "/");
}
