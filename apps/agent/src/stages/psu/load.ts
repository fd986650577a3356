import { execa } from "execa";
import { toolOptions } from "../tool.ts";

/** Longer than asked, so that it still works when the last reading is taken; it is stopped then. */
const SPARE_SECONDS = 60;

/** Loads every CPU while something is done. Answers why it did not, if so. Throws only when the signal aborts. */
export async function underLoad<T>(
  seconds: number,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<{ done: T; failure: string | undefined }> {
  const end = new AbortController();
  const stop = AbortSignal.any([signal, end.signal]);
  const args = ["--cpu", "0", "--cpu-method", "matrixprod", "--timeout", `${seconds + SPARE_SECONDS}s`];
  const child = execa("stress-ng", args, toolOptions(stop));
  // It ends by itself only when it could not work.
  const early = { ended: false };
  void child.then(() => (early.ended = !end.signal.aborted));
  try {
    const done = await work();
    return { done, failure: early.ended ? `stress-ng did not load the CPUs: ${await whyOf(child)}` : undefined };
  } finally {
    end.abort();
    await child;
  }
}

async function whyOf(child: Promise<{ shortMessage?: string | undefined }>): Promise<string> {
  return (await child).shortMessage ?? "it ended before its time";
}
