import type { StepEnd } from "./workflow-end.ts";

/** A service that is ready. */
export interface RunningService {
  /** Stops it; it has then done what it was for. */
  stop(): void;
  /** Resolves when its process has ended, and its end is reported. */
  finished: Promise<StepEnd>;
}

/** The services of a build, in the order they started. */
export class RunningServices {
  readonly #services: RunningService[] = [];

  add(service: RunningService): void {
    this.#services.push(service);
  }

  /** Stops all, the last one first, each before the next. Throws the first error once all have ended. */
  async stop(): Promise<void> {
    const errors: unknown[] = [];
    for (const service of this.#services.splice(0).toReversed()) {
      service.stop();
      await service.finished.catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }
}
