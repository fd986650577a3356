import { atEnd, launchPostgres, temporaryFolder, type Owner, type TestPostgres } from "@groundcrew/testkit/processes";
import { chmod } from "node:fs/promises";
import postgres from "postgres";
import { REPLICAS } from "../action.ts";
import { AGENTS } from "../workload.ts";
import { FaultAgent } from "./agent.ts";
import { Ghost } from "./ghost.ts";
import { dialAny, type AnyReplica } from "./operator.ts";
import { Replica } from "./replica.ts";
import { Supervisor } from "./supervisor.ts";

/** Postgres, servers and agents, each a real process, and proxies between them. Outlives many seeds. */
export interface World {
  readonly postgres: TestPostgres;
  readonly replicas: readonly Replica[];
  readonly agents: readonly FaultAgent[];
  readonly ghost: Ghost;
  readonly operator: AnyReplica;
  readonly supervisor: Supervisor;
  /** Where steps write what they do, one file for each workflow. */
  readonly outputs: string;
  /** A connection past all proxies. A new one each time, as Postgres comes and goes. */
  withSql<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T>;
}

/** Starts everything. It ends with its owner, as suddenly as it can. */
export async function startWorld(owner: Owner): Promise<World> {
  const supervisor = new Supervisor();
  const outputs = await temporaryFolder(owner, "outputs");
  await chmod(outputs, 0o777);
  const cluster = await launchPostgres(owner);
  const first = await Replica.start(owner, { name: "r0", postgres: cluster, supervisor });
  const { adminToken } = first.server;
  const others = Array.from({ length: REPLICAS - 1 }, (_, index) =>
    Replica.start(owner, { name: `r${index + 1}`, postgres: cluster, supervisor, adminToken }),
  );
  const replicas = [first, ...(await Promise.all(others))];
  const operator = await dialAny(owner, replicas);
  const surroundings = { replicas, outputs, supervisor };
  const agents = await Promise.all(
    Array.from({ length: AGENTS }, (_, index) => FaultAgent.start(owner, index, surroundings)),
  );
  const ghost = await Ghost.enrol(owner, replicas);
  // Whatever they still do is not wanted any more.
  atEnd(owner, async () => {
    supervisor.close();
    await Promise.all([...agents, ...replicas].map((one) => one.kill()));
  });
  return { postgres: cluster, replicas, agents, ghost, operator, supervisor, outputs, withSql: sqlOf(cluster) };
}

function sqlOf(cluster: TestPostgres): World["withSql"] {
  return async (work) => {
    const sql = postgres(cluster.url, { max: 2, onnotice: () => undefined });
    try {
      return await work(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
}
