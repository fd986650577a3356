import { readNames, readText, realPath } from "../stages/sysfs.ts";
import type { Sensor } from "./sensor.ts";

const MILLI = 1e3;
const MICRO = 1e6;

/** What the files of a hardware monitor are called, by the kernel's "Naming and data format standards for sysfs files". */
const HWMON: readonly (Pick<Sensor, "kind" | "unit" | "per"> & { file: RegExp })[] = [
  { file: /^(temp\d+)_input$/, kind: "temperature", unit: "celsius", per: MILLI },
  { file: /^(fan\d+)_input$/, kind: "fan", unit: "rpm", per: 1 },
  { file: /^(in\d+)_input$/, kind: "voltage", unit: "volt", per: MILLI },
  { file: /^(curr\d+)_input$/, kind: "current", unit: "ampere", per: MILLI },
  { file: /^(power\d+)_(?:input|average)$/, kind: "power", unit: "watt", per: MICRO },
  { file: /^(energy\d+)_input$/, kind: "energy", unit: "joule", per: MICRO },
  {
    file: /^((?:temp|fan|in|curr|power)\d+(?:_crit|_lcrit|_max|_min|_emergency)?)_alarm$/,
    kind: "alarm",
    unit: "",
    per: 1,
  },
];

/** Finds every sensor of the machine: what the kernel shows of them now. Drivers that are loaded later add more. */
export async function findSensors(root: string): Promise<Sensor[]> {
  const found = await Promise.all([
    hwmon(root),
    thermalZones(root),
    throttling(root),
    energy(root),
    memoryErrors(root),
  ]);
  return found.flat();
}

async function hwmon(root: string): Promise<Sensor[]> {
  const folder = "/sys/class/hwmon";
  const monitors = (await readNames(folder, root)) ?? [];
  return (await Promise.all(monitors.map((monitor) => oneHwmon(`${folder}/${monitor}`, root)))).flat();
}

// The number of a monitor changes from boot to boot; what it is a monitor of does not.
async function oneHwmon(folder: string, root: string): Promise<Sensor[]> {
  const [device, own, name, files] = await Promise.all([
    realPath(`${folder}/device`, root),
    realPath(folder, root),
    readText(`${folder}/name`, root),
    readNames(folder, root),
  ]);
  const where = device ?? own?.replace(/(?:\/hwmon)?\/hwmon\d+$/, "") ?? folder;
  const sensors = (files ?? []).map(async (file): Promise<Sensor[]> => {
    const format = HWMON.find((each) => each.file.test(file));
    const stem = format?.file.exec(file)?.[1];
    if (format === undefined || stem === undefined) return [];
    const label = (await readText(`${folder}/${stem.replace(/_.*/, "")}_label`, root)) ?? stem;
    const what = format.kind === "alarm" && label !== stem ? `${label} ${stem}` : label;
    return [sensorOf(format, keyOf(where, name ?? "hwmon", what), `${folder}/${file}`)];
  });
  return (await Promise.all(sensors)).flat();
}

async function thermalZones(root: string): Promise<Sensor[]> {
  const folder = "/sys/class/thermal";
  const zones = ((await readNames(folder, root)) ?? []).filter((name) => /^thermal_zone\d+$/.test(name));
  const format = { kind: "temperature", unit: "celsius", per: MILLI } as const;
  return Promise.all(
    zones.map(async (zone) => {
      const type = await readText(`${folder}/${zone}/type`, root);
      return sensorOf(format, keyOf("thermal", zone, type ?? "zone"), `${folder}/${zone}/temp`);
    }),
  );
}

/** One sum for each package: hundreds of CPUs say nothing more, and cost more to read. */
async function throttling(root: string): Promise<Sensor[]> {
  const folder = "/sys/devices/system/cpu";
  const cpus = ((await readNames(folder, root)) ?? []).filter((name) => /^cpu\d+$/.test(name));
  const known = await Promise.all(
    cpus.map(async (cpu) => ({
      path: `${folder}/${cpu}/thermal_throttle`,
      files: (await readNames(`${folder}/${cpu}/thermal_throttle`, root)) ?? [],
      socket: (await readText(`${folder}/${cpu}/topology/physical_package_id`, root)) ?? "0",
    })),
  );
  const counting = known.filter(({ files }) => files.includes("core_throttle_count"));
  const sockets = [...new Set(counting.map(({ socket }) => socket))];
  // Every CPU of a package tells the package's own count.
  const counts = [
    ["core_throttle_count", "sum"],
    ["package_throttle_count", "greatest"],
  ] as const;
  return sockets.flatMap((socket) =>
    counts.map(([file, of]) => ({
      kind: "throttle" as const,
      key: keyOf("cpu", `package-${socket}`, file),
      unit: "count",
      paths: counting.filter((cpu) => cpu.socket === socket).map(({ path }) => `${path}/${file}`),
      of,
      per: 1,
    })),
  );
}

async function energy(root: string): Promise<Sensor[]> {
  const folder = "/sys/class/powercap";
  const zones = ((await readNames(folder, root)) ?? []).filter((name) => /:\d+/.test(name));
  const format = { kind: "energy", unit: "joule", per: MICRO } as const;
  return Promise.all(
    zones.map(async (zone) => {
      const name = await readText(`${folder}/${zone}/name`, root);
      return sensorOf(format, keyOf("powercap", zone, name ?? "zone"), `${folder}/${zone}/energy_uj`);
    }),
  );
}

async function memoryErrors(root: string): Promise<Sensor[]> {
  const folder = "/sys/devices/system/edac/mc";
  const controllers = ((await readNames(folder, root)) ?? []).filter((name) => /^mc\d+$/.test(name));
  const format = { kind: "memory_errors", unit: "count", per: 1 } as const;
  return controllers.flatMap((name) =>
    ["ce_count", "ue_count"].map((file) => sensorOf(format, keyOf("edac", name, file), `${folder}/${name}/${file}`)),
  );
}

function sensorOf(format: Pick<Sensor, "kind" | "unit" | "per">, key: string, path: string): Sensor {
  const { kind, unit, per } = format;
  return { kind, key, unit, per, paths: [path], of: "sum" };
}

function keyOf(where: string, name: string, label: string): string {
  return `${where.replace(/^\/sys\/devices\//, "")}/${name}/${label}`;
}
