import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { delay } from "@groundcrew/rpc";
import { killMarked, signalGroup, signalProcess } from "../../process/process-tree.ts";
import { descendantsOf } from "../../process/descendants.ts";

const LOOK_MS = 10;

/** All processes that one bubblewrap holds. Killing the first of them kills all. */
export class PidNamespace {
  readonly #child: ChildProcess;
  readonly #marker: string;
  readonly #exited: Promise<unknown>;
  readonly #firstPid: Promise<number | undefined>;

  constructor({ child, status, marker }: { child: ChildProcess; status: Readable; marker: string }) {
    this.#child = child;
    this.#marker = marker;
    this.#exited = once(child, "exit");
    this.#firstPid = readFirstPid(status);
  }

  /** Sends SIGTERM to each of them. */
  async terminate(): Promise<void> {
    for (const pid of await this.#members()) signalProcess(pid, "SIGTERM");
  }

  /** Resolves when none but the keeper is left, or after `timeoutMs` milliseconds. */
  async ended(timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    // There is no event for it.
    while (performance.now() < deadlineMs && (await this.#members()).length > 1) await delay(LOOK_MS);
  }

  /** Kills them and bubblewrap; resolves when all are gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const pid = await this.#firstPid;
    // Bubblewrap waits for its child, so it still has this id; and it ends when the child and all below are gone.
    if (pid !== undefined) signalProcess(pid, "SIGKILL");
    else signalGroup(this.#child.pid ?? 0, "SIGKILL");
    await this.#exited;
    if (pid === undefined) await killMarked(this.#marker);
  }

  async #members(): Promise<number[]> {
    const first = await this.#firstPid;
    return first === undefined ? [] : descendantsOf(first);
  }
}

/** The host's id of the first process inside, as `--json-status-fd` tells it; undefined when there was none. */
async function readFirstPid(status: Readable): Promise<number | undefined> {
  let text = "";
  try {
    for await (const chunk of status.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      const pid = /"child-pid": (\d+)/.exec(text)?.[1];
      if (pid !== undefined) return Number(pid);
    }
  } catch {
    // Bubblewrap ended early.
  } finally {
    status.resume();
  }
  return undefined;
}
