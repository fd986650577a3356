import { StopError } from "@groundcrew/engine";

/** A run of a stage within a lease. */
interface StageRun {
  stage: string;
  try: number;
}

/** Stops of single runs of stages. One that is asked for before the run begins stops it as it does. */
export class StageStops {
  readonly #controllers = new Map<string, AbortController>();

  /** Aborted when exactly this run of the stage is to stop. */
  signalOf(run: StageRun): AbortSignal {
    return this.#controllerOf(run).signal;
  }

  /** Stops exactly this run of the stage, now or as it begins. */
  stop(run: StageRun, by: string): void {
    this.#controllerOf(run).abort(new StopError({ kind: "canceled", by }));
  }

  #controllerOf({ stage, try: tryNumber }: StageRun): AbortController {
    const key = `${stage}/${tryNumber}`;
    const controller = this.#controllers.get(key) ?? new AbortController();
    this.#controllers.set(key, controller);
    return controller;
  }
}
