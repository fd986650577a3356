import { setTimeout as delay } from "node:timers/promises";
import type { SensorSample } from "@groundcrew/vetting";
import type { Log } from "../log.ts";
import { findSensors } from "./find-sensors.ts";
import { GpuSensors } from "./gpu-sensors.ts";
import { SampleSpool } from "./sample-spool.ts";
import { readSensor, type Sensor } from "./sensor.ts";

/** How the machine is watched. */
export interface SensorMonitorOptions {
  /** Stores readings, however long that takes; rejects when they are not wanted any more. */
  send: (samples: SensorSample[], signal: AbortSignal) => Promise<void>;
  log: Log;
  now: () => number;
  /** Where `sys/` is. Default: the machine's own. */
  root: string;
  /** Between readings, in milliseconds. Default: 5 s. */
  intervalMs?: number;
  /** Readings that wait for a server that is away. Default: 20,000, which is 16 min of 100 sensors. */
  maxSamples?: number;
}

/** Readings of one call. The server takes 10,000. */
const SEND_MAX = 5000;
/** Moments that are sent together while the server answers: a call each would cost it more than it tells. */
const SEND_EVERY = 2;
/** Drivers come and go; what there is to read is looked for again after so many readings. */
const FIND_EVERY = 12;
/** What sending the rest may take at the end. */
const LAST_SEND_MS = 5000;

/** Reads every sensor of the machine from `start` to `stop`, and sends what it reads. Failing to slows nothing. */
export class SensorMonitor {
  readonly #options: SensorMonitorOptions;
  readonly #intervalMs: number;
  readonly #spool: SampleSpool;
  readonly #gpus: GpuSensors;
  readonly #ending = new AbortController();
  /** The latest reading of each counter of energy, to tell the power between two. */
  readonly #energy = new Map<string, { value: number; atMs: number }>();
  #sensors: Sensor[] = [];
  #sending: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(options: SensorMonitorOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? 5000;
    this.#spool = new SampleSpool(options.maxSamples ?? 20_000);
    this.#gpus = new GpuSensors(this.#intervalMs);
  }

  /** Begins to read. Idempotent. */
  start(): void {
    this.#running ??= this.#run().catch((error: unknown) =>
      this.#options.log.warn({ err: error }, "the sensors are no longer read"),
    );
  }

  /** Reads a last time, sends what waits as far as that is soon done, and ends. Idempotent. */
  async stop(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    await this.#running;
    await this.#gpus.stop();
    const last = AbortSignal.timeout(LAST_SEND_MS);
    await this.#sending;
    while (this.#spool.size > 0 && !last.aborted && (await this.#sendOnce(last)));
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    for (let tick = 0; ; tick += 1) {
      if (tick % FIND_EVERY === 0) await this.#find();
      await this.#read();
      if (signal.aborted) return;
      if (tick % SEND_EVERY === 0) this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
      await delay(this.#intervalMs, undefined, { signal }).catch(() => {});
    }
  }

  async #find(): Promise<void> {
    this.#sensors = await findSensors(this.#options.root);
    await this.#gpus.start();
  }

  // One file after another: some take a bus cycle of milliseconds, and a stage shall not notice.
  async #read(): Promise<void> {
    const atMs = this.#options.now();
    const samples: SensorSample[] = [];
    for (const sensor of this.#sensors) {
      const reading = await readSensor(sensor, this.#options.root);
      if (reading !== undefined) samples.push(...this.#sample({ ...reading, atMs }));
    }
    samples.push(...this.#gpus.read().map((reading) => ({ ...reading, atMs })));
    if (!this.#spool.add(samples)) return;
    const { thinned, size } = this.#spool;
    this.#options.log.warn({ thinned, waiting: size }, "the server is away: older sensor readings are thinned");
  }

  /** What counts energy is told as power: the counter starts anywhere and starts again when it is full. */
  #sample(reading: SensorSample): SensorSample[] {
    if (reading.kind !== "energy") return [reading];
    const { key, value, atMs } = reading;
    const before = this.#energy.get(key);
    this.#energy.set(key, { value, atMs });
    if (before === undefined || value < before.value || atMs <= before.atMs) return [];
    const watts = ((value - before.value) / (atMs - before.atMs)) * 1000;
    return [{ kind: "power", key, value: watts, unit: "watt", atMs }];
  }

  async #sendAll(): Promise<void> {
    while (this.#spool.size > 0 && !this.#ending.signal.aborted && (await this.#sendOnce(this.#ending.signal)));
  }

  /** False: they could not be sent. Readings that are refused are let go: sent again they would be refused again. */
  async #sendOnce(signal: AbortSignal): Promise<boolean> {
    const samples = this.#spool.take(SEND_MAX);
    try {
      await this.#options.send(samples, signal);
      return true;
    } catch (error) {
      if (signal.aborted) this.#spool.add(samples);
      else this.#options.log.warn({ err: error, readings: samples.length }, "sensor readings were refused");
      return false;
    }
  }
}
