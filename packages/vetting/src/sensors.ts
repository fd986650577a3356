/** What a sensor measures. */
export const SENSOR_KINDS = [
  "temperature",
  "fan",
  "voltage",
  "current",
  "power",
  "energy",
  "throttle",
  "frequency",
  "memory_errors",
  "alarm",
] as const;
export type SensorKind = (typeof SENSOR_KINDS)[number];

/** One reading. An absent sensor has none: never 0. */
export interface SensorSample {
  kind: SensorKind;
  /** Which one, the same after a reboot: device path, name and label, joined by "/". */
  key: string;
  value: number;
  /** celsius, rpm, volt, ampere, watt, joule, count, hertz; empty for an alarm, which is 0 or 1. */
  unit: string;
  /** Milliseconds since 1970. */
  atMs: number;
}
