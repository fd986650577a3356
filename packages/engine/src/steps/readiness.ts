import { connect } from "node:net";
import type { Service } from "@groundcrew/proto";
import { delay } from "@groundcrew/rpc";

/** How a service is asked whether it is ready. */
export interface ReadinessOptions {
  service: Pick<Service, "run" | "port">;
  /** Runs the service's command. True: it exited with 0. */
  runs: (script: string) => Promise<boolean>;
  /** Ends the waiting with its reason. */
  signal: AbortSignal;
}

// The first question comes at once; later ones are further and further apart.
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 1000;

/** Waits until a service is ready. Throws the signal's reason. */
export async function untilReady({ service, runs, signal }: ReadinessOptions): Promise<void> {
  for (let pauseMs = PAUSE_MIN_MS; !(await isReady(service, runs)); pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
    await delay(pauseMs, signal);
  }
}

async function isReady({ run, port }: Pick<Service, "run" | "port">, runs: ReadinessOptions["runs"]) {
  if (run !== "") return runs(run);
  if (port === 0) return true;
  const answers = await Promise.all(["127.0.0.1", "::1"].map((host) => answersAt(host, port)));
  return answers.includes(true);
}

function answersAt(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.once("connect", () => answer(true)).once("error", () => answer(false));
    socket.setTimeout(PAUSE_MAX_MS, () => answer(false));
  });
}
