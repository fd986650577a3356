import type { Owner } from "@groundcrew/testkit/processes";
import type { Held, ProbeOptions } from "../load/probe.ts";
import { connectTo } from "./cluster.ts";
import type { Load } from "./fleet.ts";
import type { OurServer } from "./our-server.ts";

/**
 * Submits workflows one at a time. How long each waited, in milliseconds: from its commit, by the database, to an
 * agent of the fleet holding it, by the same machine's clock.
 */
export async function measureWaits(
  owner: Owner,
  load: Load,
  { server, host, databaseUrl }: OurServer,
  options: Omit<ProbeOptions, "host" | "token">,
): Promise<number[]> {
  const held = await load.call("probe", { host, token: server.adminToken, ...options });
  const committed = await commitsOf(owner, databaseUrl, held);
  return held.map(({ workflowId, atMs }) => atMs - (committed.get(workflowId) ?? Number.NaN));
}

async function commitsOf(owner: Owner, url: string, held: readonly Held[]): Promise<Map<string, number>> {
  const ids = held.map(({ workflowId }) => workflowId);
  // A workflow's first event is written by the transaction that submits it, and never touched again.
  const commits = await connectTo(owner, url)<{ id: string; ms: number }[]>`
    select distinct on (workflow_id) workflow_id as id,
      extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as ms
    from workflow_events where workflow_id = any (${ids}::bigint[]) order by workflow_id, id`;
  return new Map(commits.map(({ id, ms }) => [id, ms]));
}
