import { createInterface } from "node:readline";
import type { SensorSample } from "@groundcrew/vetting";
import { GPU_SENSOR_COLUMNS, parseGpuSensors } from "@groundcrew/vetting/lean";

type Reading = Omit<SensorSample, "atMs">;

/** The GPUs' sensors, by one nvidia-smi that goes on telling: one that is started anew each time costs far more. */
export class GpuSensors {
  readonly #intervalMs: number;
  #end: (() => Promise<unknown>) | undefined;
  #latest = new Map<string, Reading>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Starts nvidia-smi where it is installed and does not run. */
  async start(): Promise<void> {
    if (this.#end !== undefined) return;
    const { execa } = await import("execa");
    const loop = Math.max(1, Math.round(this.#intervalMs / 1000));
    const args = [`--query-gpu=${GPU_SENSOR_COLUMNS}`, "--format=csv,noheader,nounits", `--loop=${loop}`];
    const child = execa("nvidia-smi", args, { stdin: "ignore", stderr: "ignore", buffer: false, reject: false });
    this.#end = async () => {
      child.kill("SIGKILL");
      await child;
    };
    createInterface({ input: child.stdout }).on("line", (line) => {
      for (const reading of parseGpuSensors(line)) this.#latest.set(reading.key, reading);
    });
    void child.then(() => {
      this.#latest = new Map();
      this.#end = undefined;
    });
  }

  /** What it told since the last call. What it did not tell again is absent. */
  read(): Reading[] {
    const readings = [...this.#latest.values()];
    this.#latest = new Map();
    return readings;
  }

  /** Ends nvidia-smi. */
  async stop(): Promise<void> {
    await this.#end?.();
  }
}
