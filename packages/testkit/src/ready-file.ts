import { existsSync, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** What a server tells whoever started it. */
export interface Ready {
  grpc_url: string;
  http_url: string;
  pid: number;
  fingerprint: string;
}

/** Waits for a server's ready file and reads it. Gives up when the signal aborts. */
export async function readWhenReady(file: string, signal: AbortSignal): Promise<Ready> {
  await appears(file, signal);
  return JSON.parse(await readFile(file, "utf8")) as Ready;
}

function appears(file: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(dirname(file), () => look());
    const settle = (answer: () => void): void => {
      watcher.close();
      signal.removeEventListener("abort", onAbort);
      answer();
    };
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    const look = (): void => {
      if (existsSync(file)) settle(resolve);
    };
    signal.addEventListener("abort", onAbort);
    look();
  });
}
