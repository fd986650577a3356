import type { SensorSample } from "../sensors.ts";

/** The columns that {@link parseGpuSensors} reads, for `nvidia-smi --query-gpu`, with `csv,noheader,nounits`. */
export const GPU_SENSOR_COLUMNS = "uuid,temperature.gpu,temperature.memory,power.draw,clocks.sm";

const MEGAHERTZ = 1e6;

/** One line for one GPU. What it does not have (`[N/A]`, `[Not Supported]`) is left out; no line at all is no sample. */
export function parseGpuSensors(line: string): Omit<SensorSample, "atMs">[] {
  const [uuid, core, memory, power, clock] = line.split(",").map((field) => field.trim());
  if (uuid === undefined || !/^(?:GPU|MIG)-[\w-]{1,100}$/.test(uuid)) return [];
  return [
    ...sample({ kind: "temperature", key: `gpu/${uuid}/core`, unit: "celsius" }, core),
    ...sample({ kind: "temperature", key: `gpu/${uuid}/memory`, unit: "celsius" }, memory),
    ...sample({ kind: "power", key: `gpu/${uuid}/board`, unit: "watt" }, power),
    ...sample({ kind: "frequency", key: `gpu/${uuid}/sm`, unit: "hertz" }, clock, MEGAHERTZ),
  ];
}

function sample(sensor: Pick<SensorSample, "kind" | "key" | "unit">, text: string | undefined, scale = 1) {
  return text !== undefined && /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? [{ ...sensor, value: Number(text) * scale }] : [];
}
