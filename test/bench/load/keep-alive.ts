import { ExtendOutcome } from "@groundcrew/proto";
import { delay } from "@groundcrew/rpc";
import { isOutage, type LoadAgent } from "./agent.ts";
import type { Ledger } from "./ledger.ts";

/** Does something for an agent at an interval, from a random moment on; one at a time. Ends with the process. */
async function regularly(intervalMs: number, work: () => Promise<void>, ledger: Ledger): Promise<void> {
  await delay(Math.random() * intervalMs);
  for (;;) {
    await work().catch((error: unknown) => {
      if (!isOutage(error)) ledger.fail(error);
    });
    await delay(intervalMs);
  }
}

/** Reports an agent's health, as real ones do. */
export function reportHealth(agent: LoadAgent, ledger: Ledger, intervalMs: number): void {
  void regularly(intervalMs, () => agent.reportHealth(), ledger);
}

/** Renews what an agent holds. A lease that is lost is a failure. */
export function renewLeases(agent: LoadAgent, ledger: Ledger, intervalMs: number): void {
  void regularly(intervalMs, () => renew(agent), ledger);
}

async function renew({ held, lane }: LoadAgent): Promise<void> {
  if (held.size === 0) return;
  const { leases } = await lane.call("extend", { leases: [...held.values()] });
  const lost = leases.find(({ workflowId, outcome }) => outcome !== ExtendOutcome.RENEWED && held.has(workflowId));
  if (lost) throw new Error(`the lease of workflow ${lost.workflowId} was not renewed: outcome ${lost.outcome}`);
}
