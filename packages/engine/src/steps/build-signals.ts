import { StopError, stopCauseOf } from "../process/stop-cause.ts";

/** When the steps of a build are to end. */
export interface BuildSignalOptions {
  /** Stops the steps. Its reason is a StopError. */
  stop: AbortSignal;
  /** Stops clean-ups, too, at once: the lease is lost or is handed back. Its reason is a StopError. */
  leave: AbortSignal;
  /** What clean-ups have altogether after a stop, in milliseconds. */
  cleanupTimeoutMs: number;
}

/** The signals of a build's steps: ordinary steps end with the stop, clean-ups a while later. */
export class BuildSignals implements Disposable {
  readonly stop: AbortSignal;
  readonly leave: AbortSignal;
  /** Aborted when clean-ups have had their time after the stop, and with `leave`. */
  readonly cleanUp: AbortSignal;
  readonly #late = new AbortController();
  readonly #cleanupTimeoutMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ stop, leave, cleanupTimeoutMs }: BuildSignalOptions) {
    this.stop = stop;
    this.leave = leave;
    this.cleanUp = AbortSignal.any([leave, this.#late.signal]);
    this.#cleanupTimeoutMs = cleanupTimeoutMs;
    stop.addEventListener("abort", this.#onStop, { once: true });
    if (stop.aborted) this.#onStop();
  }

  /** Nothing more is run. */
  get isLeft(): boolean {
    return this.leave.aborted || (this.stop.aborted && isLeaving(this.stop));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.stop.removeEventListener("abort", this.#onStop);
  }

  readonly #onStop = (): void => {
    if (isLeaving(this.stop)) return this.#late.abort(this.stop.reason);
    const timeoutMs = this.#cleanupTimeoutMs;
    const onLate = () => this.#late.abort(new StopError({ kind: "cleanup_timeout", timeoutMs }));
    this.#timer = setTimeout(onLate, timeoutMs);
  };
}

function isLeaving(stop: AbortSignal): boolean {
  return ["handed_back", "lost", "abandoned"].includes(stopCauseOf(stop).kind);
}
