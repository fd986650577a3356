import { delay } from "@groundcrew/rpc";
import type { Backend } from "../backends/backend.ts";
import { StopError } from "../process/stop-cause.ts";
import { measureTree } from "./measure-tree.ts";

/** What a workspace may hold. */
export interface QuotaOptions {
  /** In bytes of disk, as `du` counts them, home and tmp included. */
  maxBytes: number;
  /** The shortest pause between two looks, in milliseconds. Default: 2 s. */
  intervalMs?: number;
}

const INTERVAL_MS = 2_000;
// A look at a large workspace must not become the work of the machine.
const PAUSE_PER_LOOK = 20;

/** A backend that stops a step once the workspace holds more than its quota, with `workspace_full` as the cause. */
export function withQuota(backend: Backend, options: QuotaOptions): Backend {
  return {
    name: backend.name,
    isolates: backend.isolates,
    limits: backend.limits,
    cleanUp: () => backend.cleanUp(),
    run: async (run) => {
      const done = new AbortController();
      const full = new AbortController();
      const watching = watch(run.workspace.root, options, done.signal).then((isFull) => {
        if (isFull) full.abort(new StopError({ kind: "workspace_full", maxBytes: options.maxBytes }));
      });
      try {
        return await backend.run({ ...run, stop: AbortSignal.any([run.stop, full.signal]) });
      } finally {
        done.abort();
        await watching;
      }
    },
  };
}

/** Looks until there is too much, or it is no longer asked for. */
async function watch(root: string, options: QuotaOptions, signal: AbortSignal): Promise<boolean> {
  const { maxBytes, intervalMs = INTERVAL_MS } = options;
  let pauseMs = intervalMs;
  while (!signal.aborted) {
    await delay(pauseMs, signal).catch(() => {});
    if (signal.aborted) return false;
    const startMs = performance.now();
    if ((await measureTree(root, { stopAtBytes: maxBytes, signal })) > maxBytes) return true;
    pauseMs = Math.max(intervalMs, (performance.now() - startMs) * PAUSE_PER_LOOK);
  }
  return false;
}
