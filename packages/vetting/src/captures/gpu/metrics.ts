import type { Measurement } from "../../ocp/run.ts";
import { metric } from "../capture.ts";
import { type GpuSheet, isNotTold } from "./sheet.ts";

/** How a path's values become a number of one GPU. Undefined: it does not tell. */
type Reading = (values: readonly string[]) => number | undefined;

interface Field {
  name: string;
  /** Of any of nvidia-smi's three forms, and of drivers from R340 on. */
  path: RegExp;
  read: Reading;
}

const numberOf = (value: string): number | undefined => {
  const digits = /^(\d{1,18}(?:\.\d{1,9})?)(?: ?(?:us|C|W|x|%|MiB|MHz|bank\(s\)))?$/.exec(value)?.[1];
  return digits === undefined ? undefined : Number(digits);
};
const told = (values: readonly string[]): string[] => values.filter((value) => !isNotTold(value));
const sum: Reading = (values) => {
  const numbers = values.flatMap((value) => numberOf(value) ?? []);
  return numbers.length === 0 ? undefined : numbers.reduce((total, each) => total + each, 0);
};
const counting =
  (wanted: RegExp): Reading =>
  (values) => {
    const known = told(values);
    return known.length === 0 ? undefined : known.filter((value) => wanted.test(value)).length;
  };
const yes = counting(/^yes$/i);
const active = counting(/^active$/i);
/** Bits of `clocks_event_reasons.active`, by NVML's nvmlClocksEventReasons. */
const bit =
  (mask: number): Reading =>
  (values) => {
    const known = values.filter((value) => /^0x[0-9a-f]{1,16}$/i.test(value));
    return known.length === 0 ? undefined : known.filter((value) => (BigInt(value) & BigInt(mask)) > 0n).length;
  };

const REASONS = String.raw`(?:^|/)clocks_(?:throttle|event)_reasons(?:/.*[/_]|/)`;
const MASK = /(?:^|\/)clocks_(?:throttle|event)_reasons\/active$/;

/** Everything that is asked of a GPU. A field may be told in several ways; the numbers are added up. */
const FIELDS: readonly Field[] = [
  {
    name: "gpu.ecc_uncorrected_volatile",
    path: /(?:^|\/)(?:ecc_errors\/volatile\/(?:.*uncorrectable.*|double_bit\/.*)|ecc_error_count\/volatile_count\/.*uncorrectable.*|ecc\/errors\/uncorrected\/volatile\/.*)$/,
    read: sum,
  },
  {
    name: "gpu.ecc_uncorrected_aggregate",
    path: /(?:^|\/)(?:ecc_errors\/aggregate\/(?:.*uncorrectable.*|double_bit\/.*)|ecc\/errors\/uncorrected\/aggregate\/(?!.*thresholdexceeded).*)$/,
    read: sum,
  },
  {
    name: "gpu.ecc_corrected_volatile",
    path: /(?:^|\/)(?:ecc_errors\/volatile\/(?:(?:.*_)?correctable.*|single_bit\/.*)|ecc\/errors\/corrected\/volatile\/.*)$/,
    read: sum,
  },
  { name: "gpu.sram_threshold_exceeded", path: /(?:sram_threshold_exceeded|thresholdexceeded)$/, read: yes },
  {
    name: "gpu.repairs_pending",
    path: /(?:channel_repair_pending|tpc_repair_pending|unrepairable_memory)$/,
    read: yes,
  },
  {
    name: "gpu.retired_pages",
    path: /(?:^|\/)retired_pages\/(?:single_bit_ecc|double_bit_ecc|single_bit_ecc\/count|double_bit\/count|\w+_retirement\/retired_count)$/,
    read: sum,
  },
  { name: "gpu.retirement_pending", path: /(?:^|\/)retired_pages\/pending\w*$/, read: yes },
  {
    name: "gpu.rows_remapped_uncorrected",
    path: /(?:^|\/)remapped_rows\/(?:uncorrectable(?:_error)?|remapped_row_unc)$/,
    read: sum,
  },
  { name: "gpu.remap_pending", path: /(?:^|\/)remapped_rows\/(?:remapped_row_)?pending$/, read: yes },
  {
    name: "gpu.remap_failed",
    path: /(?:^|\/)remapped_rows\/(?:(?:remapped_row_)?failure|remapping_failure_occurred)$/,
    read: yes,
  },
  { name: "gpu.thermal_slowdown", path: new RegExp(`${REASONS}hw_thermal_slowdown$`), read: active },
  { name: "gpu.thermal_slowdown", path: MASK, read: bit(0x40) },
  { name: "gpu.power_brake", path: new RegExp(`${REASONS}hw_power_brake(?:_slowdown)?$`), read: active },
  { name: "gpu.power_brake", path: MASK, read: bit(0x80) },
  { name: "gpu.hardware_slowdown", path: new RegExp(`${REASONS}hw_slowdown$`), read: active },
  { name: "gpu.hardware_slowdown", path: MASK, read: bit(0x08) },
  { name: "gpu.software_thermal_slowdown", path: new RegExp(`${REASONS}sw_thermal_slowdown$`), read: active },
  { name: "gpu.software_thermal_slowdown", path: MASK, read: bit(0x20) },
  { name: "gpu.recovery_needed", path: /(?:^|\/)gpu_recovery_action$/, read: counting(/./) },
  { name: "gpu.fabric_unhealthy", path: /(?:^|\/)fabric\/health\/summary$/, read: counting(/^unhealthy$/i) },
  { name: "gpu.inforom_broken", path: /(?:^|\/)inforom\/checksum_validation$/, read: counting(/^(?!valid$)/i) },
];

/** What a value says of a GPU that does not answer any more. */
const LOST = /^\[?(?:gpu is lost|gpu requires reset|unknown error)\]?$/i;
const BAD = /^\[?err!?\]?$/i;

/** What one GPU tells of its health. Nothing that it does not tell. */
export function gpuMetrics({ fields }: GpuSheet): Measurement[] {
  const all = FIELDS.map(({ name, path, read }) => {
    const found = withTotalsAlone(fields.filter(([each]) => path.test(each)));
    return [name, read(found.map(([, value]) => value))] as const;
  });
  const names = [...new Set(FIELDS.map(({ name }) => name))];
  const values = fields.map(([, value]) => value);
  return [
    ...names.flatMap((name) => metric(name, added(all.filter(([each]) => each === name).map(([, value]) => value)))),
    ...metric("gpu.lost", values.filter((value) => LOST.test(value)).length),
    ...metric("gpu.unreadable_fields", values.filter((value) => BAD.test(value)).length),
    ...linkMetrics(fields),
    ...heatMetrics(fields),
  ];
}

/** Where a section tells a total, its parts would count twice. */
function withTotalsAlone(found: GpuSheet["fields"]): GpuSheet["fields"] {
  const totals = found.filter(([path, value]) => path.endsWith("/total") && numberOf(value) !== undefined);
  return totals.length > 0 ? totals : found;
}

function added(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, each) => total + each, 0);
}

/** Widths alone: an idle GPU lowers its link's speed to save power, never its width. */
function linkMetrics(fields: GpuSheet["fields"]): Measurement[] {
  const width = (which: string): number | undefined => {
    const path = new RegExp(`(?:link_widths?/(?:${which}|${which}_link_width)|pcie/link/width/${which})$`);
    return numberOf(fields.find(([each]) => path.test(each))?.[1] ?? "");
  };
  const [current, max] = [width("current"), width("max")];
  if (current === undefined || max === undefined || max === 0) return [];
  return metric("gpu.link_width_share", current / max);
}

function heatMetrics(fields: GpuSheet["fields"]): Measurement[] {
  const degrees = (path: RegExp): number | undefined =>
    numberOf(fields.find(([each]) => path.test(each))?.[1]?.replace(/ ?C$/, "") ?? "");
  const now = degrees(/^temperature\/(?:gpu_current_temp|gpu_temp|gpu)$/);
  const limit = degrees(/^temperature\/(?:gpu_slowdown_temp|gpu_temp_slow_threshold)$/);
  const margin = now === undefined || limit === undefined ? undefined : limit - now;
  return [...metric("gpu.temperature", now, "°C"), ...metric("gpu.slowdown_margin", margin, "°C")];
}
