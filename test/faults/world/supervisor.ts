import type { TestProcess } from "@groundcrew/testkit/processes";

/** Knows which processes were told to end. One that ends without is told of, and started again. */
export class Supervisor {
  readonly #forgiven = new WeakSet<TestProcess>();
  readonly #logs = new Map<TestProcess, { name: string; from: number }>();
  /** Told of a process that ended by itself. */
  onDeath: (what: string) => void = () => undefined;

  /** Whether the world ends: nothing is started any more. */
  isClosing = false;

  /** From now on nothing is started any more. */
  close(): void {
    this.isClosing = true;
  }

  watch(name: string, process: TestProcess, startAgain: () => Promise<void>): void {
    this.#logs.set(process, { name, from: 0 });
    void process.ended.then(async () => {
      if (this.isClosing || this.#forgiven.has(process)) return;
      this.onDeath(process.failure(`${name} ended by itself`).message);
      await startAgain();
    });
  }

  /** From now on this process may end. */
  forgive(process: TestProcess): void {
    this.#forgiven.add(process);
  }

  /** Forgets what was said so far. */
  turnPage(): void {
    for (const [process, log] of this.#logs) {
      if (process.isRunning) log.from = process.lines.length;
      else this.#logs.delete(process);
    }
  }

  /** What each process said since the page was turned. */
  said(): Map<string, string[]> {
    const said = new Map<string, string[]>();
    for (const [process, { name, from }] of this.#logs) {
      said.set(name, [...(said.get(name) ?? []), ...process.lines.slice(from)]);
    }
    return said;
  }
}
