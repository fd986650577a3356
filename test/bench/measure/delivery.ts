import type { Owner } from "@groundcrew/testkit/processes";
import { connectTo } from "./cluster.ts";

/** What an agent's side of the story says. */
export interface Delivered {
  submitted: number;
  ended: number;
  twice: number;
}

/** What may have happened besides. */
export interface Upheaval {
  /** A server was killed: a grant whose answer was lost may have been given again, under another epoch. */
  lostGrants?: boolean;
}

/**
 * Throws unless every workflow of a database succeeded once, by the one way there is, and the agents saw the same:
 * queued, leased, running, succeeded, under one lease.
 */
export async function checkDelivery(
  owner: Owner,
  url: string,
  seen: Delivered,
  { lostGrants = false }: Upheaval = {},
): Promise<void> {
  const found = await look(owner, url);
  const { submitted, ended, twice } = seen;
  const once = { workflows: ended, succeeded: ended, runs: ended, ends: ended, steps: ended };
  const wanted = { ...once, leases: lostGrants ? found.leases : ended };
  const right = (Object.keys(wanted) as (keyof Found)[]).every((what) => found[what] === wanted[what]);
  if (right && submitted === ended && (lostGrants || twice === 0)) return;
  throw new Error(
    `not delivered exactly: the agents saw ${JSON.stringify(seen)}, the database ${JSON.stringify(found)}`,
  );
}

interface Found {
  workflows: number;
  succeeded: number;
  leases: number;
  /** Events of a start. */
  runs: number;
  /** Events of a success. */
  ends: number;
  steps: number;
}

async function look(owner: Owner, url: string): Promise<Found> {
  const [found] = await connectTo(owner, url)<Found[]>`
    select (select count(*) from workflows)::integer as workflows,
      (select count(*) from workflows where state = 'succeeded')::integer as succeeded,
      (select count(*) from leases)::integer as leases,
      (select count(*) from workflow_events where from_state = 'leased' and to_state = 'running')::integer as runs,
      (select count(*) from workflow_events where from_state = 'running' and to_state = 'succeeded')::integer as ends,
      (select count(*) from step_runs where state = 'succeeded')::integer as steps`;
  if (!found) throw new Error("the database answered nothing");
  return found;
}
