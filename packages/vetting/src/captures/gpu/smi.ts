import type { Measurement } from "../../ocp/run.ts";
import { type Capture, metric, unreadable } from "../capture.ts";
import { isGpuCsv, readGpuCsv } from "./csv.ts";
import { gpuMetrics } from "./metrics.ts";
import type { GpuSheet, GpuSheets } from "./sheet.ts";
import { isGpuText, readGpuText } from "./text.ts";
import { isGpuXml, readGpuXml } from "./xml.ts";

/** How nvidia-smi says that a GPU does not answer: it fell off the bus. */
const LOST = /^Unable to determine the device handle for GPU.*$/gm;
const INFOROM = /^WARNING: infoROM is corrupted at gpu .*$/gim;
const FAILED = /^(?:NVIDIA-SMI has failed .*|Failed to initialize NVML.*|No devices were found.*)$/m;

/** What says something of a GPU's health; a table of names and clocks does not. */
const TELLING = /^gpu\.(?!lost$|unreadable_fields$|temperature$|slowdown_margin$|link_width_share$)/;

/** True for what nvidia-smi writes. */
export function isNvidiaSmi(text: string): boolean {
  return isGpuXml(text) || isGpuText(text) || isGpuCsv(text) || [LOST, FAILED].some((each) => text.search(each) >= 0);
}

/** Reads `nvidia-smi -q`, `nvidia-smi -q -x`, or `nvidia-smi --query-gpu=… --format=csv` with its header. */
export function readNvidiaSmi(text: string): Capture {
  const lost = text.match(LOST) ?? [];
  const broken = text.match(INFOROM) ?? [];
  const looks = isGpuXml(text) ? [readGpuXml(text)] : [...readGpuText(text), ...readGpuCsv(text)];
  const gpus = looks.flatMap((look) => look.gpus);
  const failed = FAILED.exec(text)?.[0];
  if (gpus.length === 0 && lost.length === 0) return nothing(failed, looks);
  const each = gpus.map((gpu) => ({ id: gpu.id, metrics: partMetrics(gpu) }));
  return {
    measurements: [
      ...metric("gpu.count", new Set(each.map(({ id }) => id)).size),
      ...(lost.length > 0 ? metric("gpu.lost", lost.length) : []),
      ...(broken.length > 0 ? metric("gpu.inforom_broken", broken.length) : []),
      ...each.flatMap(({ metrics }) => metrics),
    ],
    problems: [...looks.flatMap(({ problems }) => problems), ...missing(looks), ...tellsNothing(each, lost)],
    notes: [...lost, ...broken],
  };
}

function partMetrics(gpu: GpuSheet): Measurement[] {
  return gpuMetrics(gpu).map((each) => ({ ...each, part: `gpu ${gpu.id}` }));
}

function nothing(failed: string | undefined, looks: readonly GpuSheets[]): Capture {
  const why = looks.flatMap(({ problems }) => problems)[0];
  if (failed !== undefined) return unreadable(`nvidia-smi: ${failed.slice(0, 200)}`);
  return unreadable(why ?? "it tells of no GPU");
}

function missing(looks: readonly GpuSheets[]): string[] {
  return looks.flatMap(({ gpus, claimed }) => {
    const told = new Set(gpus.map(({ id }) => id)).size;
    return claimed === undefined || told >= claimed ? [] : [`it tells of ${told} GPUs of ${claimed}`];
  });
}

function tellsNothing(gpus: readonly { id: string; metrics: Measurement[] }[], lost: readonly string[]): string[] {
  const silent = gpus.filter(({ metrics }) => !metrics.some(({ name }) => TELLING.test(name)));
  if (silent.length === 0 || lost.length > 0) return [];
  return [`GPU ${silent[0]?.id ?? ""} tells nothing of its health: neither ECC errors, pages, rows nor slowdowns`];
}
