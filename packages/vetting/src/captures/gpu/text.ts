import { type GpuSheet, type GpuSheets, idOf, pathPart } from "./sheet.ts";

const LOG = /^=+NVSMI LOG=+$/m;
const GPU_LINE = /^GPU ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7])\s*$/;
const FIELD = /^( +)(\S.*?) *(?: : ?(.*))?$/;

/** True for the text of `nvidia-smi -q`. */
export function isGpuText(text: string): boolean {
  return LOG.test(text);
}

/**
 * Reads `nvidia-smi -q`: indented sections of `name : value`. Each GPU ends with its processes, so one without them was
 * cut off, or asked with `-d`. Several logs in one text are several looks at the same GPUs.
 */
export function readGpuText(text: string): GpuSheets[] {
  return text.split(LOG).slice(1).map(readLog);
}

function readLog(log: string): GpuSheets {
  const lines = log.split("\n");
  const gpus: GpuSheet[] = [];
  let lastPath: string[] = [];
  for (const line of lines) {
    const bus = GPU_LINE.exec(line)?.[1];
    if (bus !== undefined) {
      gpus.push({ id: bus, fields: [] });
      lastPath = [];
      continue;
    }
    // Other text may follow the log, such as that of the next command.
    if (/^[#$]/.test(line)) break;
    lastPath = addField(gpus.at(-1), line, lastPath);
  }
  const said = /^Attached GPUs +: (\d{1,4})\s*$/m.exec(log)?.[1];
  return {
    gpus: gpus.map(({ id, fields }) => ({ id: idOf(fields, id), fields })),
    ...(said !== undefined && { claimed: Number(said) }),
    problems: [...(said === undefined ? ["it does not say how many GPUs are attached"] : []), ...unfinished(gpus, log)],
  };
}

/** Adds a line's field under its sections. Answers the sections that the next line may stand in. */
function addField(gpu: GpuSheet | undefined, line: string, open: readonly string[]): string[] {
  const [, indent, name, value] = FIELD.exec(line) ?? [];
  if (gpu === undefined || indent === undefined || name === undefined) return [...open];
  const path = [...open.slice(0, Math.max(0, Math.floor(indent.length / 4) - 1)), pathPart(name)];
  if (value !== undefined) gpu.fields.push([path.join("/"), value.trim()]);
  return path;
}

function unfinished(gpus: readonly GpuSheet[], log: string): string[] {
  const whole = gpus.every(({ fields }) => fields.some(([path]) => /^(compute_)?processes(\/|$)/.test(path)));
  const open = gpus.filter(({ fields }) => fields.length === 0).length > 0;
  const listed = /^ {4}(Compute )?Processes *$/m.test(log);
  if (!log.endsWith("\n")) return ["it is cut off within a line"];
  if (open || (!whole && !listed)) return ["a GPU is told of in part: the text is cut off, or was asked for with -d"];
  return [];
}
