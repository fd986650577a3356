import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import type { SensorSample } from "@groundcrew/vetting";
import { createLog } from "../log.ts";
import { findSensors } from "./find-sensors.ts";
import { SampleSpool } from "./sample-spool.ts";
import { readSensor } from "./sensor.ts";
import { SensorMonitor } from "./sensor-monitor.ts";

/** A folder with these files, and these links, that stands in for the machine. */
async function machine(t: TestContext, files: Record<string, string>, links: Record<string, string> = {}) {
  const root = await mkdtemp(join(tmpdir(), "groundcrew-sensors-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const entries = [...Object.entries(files), ...Object.entries(links)];
  for (const [path] of entries) await mkdir(dirname(join(root, path)), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), `${text}\n`);
  for (const [path, to] of Object.entries(links)) await symlink(join(root, to), join(root, path));
  return root;
}

async function readAll(root: string) {
  const readings = await Promise.all((await findSensors(root)).map((sensor) => readSensor(sensor, root)));
  const told = readings.filter((reading) => reading !== undefined);
  return told.map(({ kind, key, value, unit }) => `${kind} ${key} = ${value} ${unit}`.trim()).toSorted();
}

const CORETEMP = "sys/devices/platform/coretemp.0/hwmon/hwmon2";

suite("sensors", () => {
  test("are known by device, name and label, and told in plain units", async (t) => {
    const cpu = (n: number) => `sys/devices/system/cpu/cpu${n}`;
    const files = {
      [`${CORETEMP}/name`]: "coretemp",
      [`${CORETEMP}/temp1_input`]: "41000",
      [`${CORETEMP}/temp1_label`]: "Package id 0",
      [`${CORETEMP}/temp1_crit_alarm`]: "0",
      [`${CORETEMP}/fan2_input`]: "1200",
      [`${CORETEMP}/in0_input`]: "1013",
      [`${CORETEMP}/curr1_input`]: "2500",
      [`${CORETEMP}/power1_average`]: "65000000",
      "sys/class/thermal/thermal_zone0/type": "acpitz",
      "sys/class/thermal/thermal_zone0/temp": "27800",
      [`${cpu(0)}/thermal_throttle/core_throttle_count`]: "3",
      [`${cpu(0)}/thermal_throttle/package_throttle_count`]: "7",
      [`${cpu(1)}/thermal_throttle/core_throttle_count`]: "2",
      [`${cpu(1)}/thermal_throttle/package_throttle_count`]: "7",
      "sys/devices/system/edac/mc/mc0/ce_count": "1",
      "sys/class/powercap/intel-rapl:0/name": "package-0",
      "sys/class/powercap/intel-rapl:0/energy_uj": "5000000",
    };
    const links = {
      "sys/class/hwmon/hwmon2": CORETEMP,
      [`${CORETEMP}/device`]: "sys/devices/platform/coretemp.0",
    };
    assert.deepEqual(await readAll(await machine(t, files, links)), [
      "alarm platform/coretemp.0/coretemp/Package id 0 temp1_crit = 0",
      "current platform/coretemp.0/coretemp/curr1 = 2.5 ampere",
      "energy powercap/intel-rapl:0/package-0 = 5 joule",
      "fan platform/coretemp.0/coretemp/fan2 = 1200 rpm",
      "memory_errors edac/mc0/ce_count = 1 count",
      "power platform/coretemp.0/coretemp/power1 = 65 watt",
      "temperature platform/coretemp.0/coretemp/Package id 0 = 41 celsius",
      "temperature thermal/thermal_zone0/acpitz = 27.8 celsius",
      "throttle cpu/package-0/core_throttle_count = 5 count",
      "throttle cpu/package-0/package_throttle_count = 7 count",
      "voltage platform/coretemp.0/coretemp/in0 = 1.013 volt",
    ]);
  });

  test("that tell nothing, or what cannot be, are absent, never 0", async (t) => {
    const folder = "sys/class/hwmon/hwmon0";
    const temps = { temp1: "-273150", temp2: "65261850", temp3: "", temp4: "n/a", temp5: "0" };
    const files = Object.fromEntries(Object.entries(temps).map(([name, text]) => [`${folder}/${name}_input`, text]));
    const root = await machine(t, { ...files, [`${folder}/name`]: "nvme" });
    assert.deepEqual(await readAll(root), ["temperature /sys/class/nvme/temp5 = 0 celsius"]);
    assert.deepEqual(await readAll(join(root, "nowhere")), []);
  });
});

const LOG = () => {
  const lines: string[] = [];
  return { lines, log: createLog({ level: "debug", sink: { write: (line) => lines.push(line) } }).log };
};

suite("the sensor monitor", () => {
  test("keeps reading while the server is away, and sends it all once it is back", async (t) => {
    const root = await machine(t, {
      "sys/class/hwmon/hwmon0/name": "x",
      "sys/class/hwmon/hwmon0/temp1_input": "30000",
    });
    const sent: SensorSample[] = [];
    const back = Promise.withResolvers<void>();
    let ticks = 0;
    const readEnough = Promise.withResolvers<void>();
    const monitor = new SensorMonitor({
      root,
      log: LOG().log,
      intervalMs: 1,
      now: () => {
        if (++ticks === 20) readEnough.resolve();
        return ticks;
      },
      send: async (samples) => {
        await back.promise;
        sent.push(...samples);
      },
    });
    monitor.start();
    await readEnough.promise;
    assert.deepEqual(sent, []);
    back.resolve();
    await monitor.stop();
    await monitor.stop();
    assert.deepEqual(
      sent.map(({ atMs }) => atMs),
      Array.from({ length: ticks }, (_, n) => n + 1),
    );
  });

  test("tells power from what counts energy, and leaves out the moment when the counter starts again", async (t) => {
    const counter = "sys/class/powercap/intel-rapl:0/energy_uj";
    const root = await machine(t, { [counter]: "0" });
    const energies = ["2000000", "4500000", "100"];
    const sent: SensorSample[] = [];
    let second = 0;
    const over = Promise.withResolvers<void>();
    const monitor = new SensorMonitor({
      root,
      log: LOG().log,
      intervalMs: 1,
      now: () => {
        const next = energies.shift();
        if (next === undefined) over.resolve();
        else writeFileSync(join(root, counter), next);
        return ++second * 1000;
      },
      send: async (samples) => void sent.push(...samples),
    });
    monitor.start();
    await over.promise;
    await monitor.stop();
    assert.deepEqual(sent[0], {
      kind: "power",
      key: "powercap/intel-rapl:0/zone",
      value: 2.5,
      unit: "watt",
      atMs: 2000,
    });
    assert.ok(!sent.some(({ atMs }) => atMs === 3000));
  });

  test("thins the older readings, and says so, when too many wait", async () => {
    const spool = new SampleSpool(8);
    const sample = (atMs: number): SensorSample => ({ kind: "fan", key: "f", value: 1, unit: "rpm", atMs });
    const thinnedAt = Array.from({ length: 12 }, (_, n) => n).filter((n) => spool.add([sample(n)]));
    assert.ok(thinnedAt.length > 0);
    assert.equal(spool.thinned + spool.size, 12);
    assert.ok(spool.size <= 8);
    const left = [...spool.take(3), ...spool.take(100)].map(({ atMs }) => atMs);
    assert.deepEqual(
      left,
      left.toSorted((a, b) => a - b),
    );
    assert.deepEqual(left.slice(-4), [8, 9, 10, 11], "the newest are all there");
    assert.equal(spool.size, 0);
  });
});
