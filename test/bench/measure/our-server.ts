import { TokenKind } from "@groundcrew/proto";
import { launchServer, type Owner, type TestServer } from "@groundcrew/testkit/processes";
import type { Bench } from "../benchmark.ts";

/** A server of ours on the benchmarks' Postgres. */
export interface OurServer {
  server: TestServer;
  databaseUrl: string;
  /** "127.0.0.1:PORT". */
  host: string;
  /** For any number of agents each. */
  enrolmentTokens: readonly string[];
}

const TOKENS = 16;

/** All else is as an operator gets it. */
const FLAGS = ["--log-level", "warn"];

/** Starts a server on a database of its own. */
export async function startOurServer(owner: Owner, bench: Bench): Promise<OurServer> {
  const databaseUrl = await bench.cluster.database(owner);
  const server = await launchServer(owner, { databaseUrl, flags: FLAGS, env: profiling(bench) });
  return { server, databaseUrl, host: new URL(server.url).host, enrolmentTokens: await makeTokens(server) };
}

/** Several, because whoever enrols with one waits for the others who do. */
async function makeTokens({ operator }: TestServer): Promise<string[]> {
  const make = (_: unknown, i: number) =>
    operator.createToken({ name: `bench-${i}`, kind: TokenKind.ENROLMENT, reusable: true });
  const made = await Promise.all(Array.from({ length: TOKENS }, make));
  return made.map(({ secret }) => secret);
}

/** Starts another server on the database of a first one. */
export async function startReplicaOf(owner: Owner, bench: Bench, first: OurServer): Promise<OurServer> {
  const { databaseUrl, enrolmentTokens } = first;
  const { adminToken, stateDir } = first.server;
  const server = await launchServer(owner, { databaseUrl, adminToken, stateDir, flags: FLAGS, env: profiling(bench) });
  return { server, databaseUrl, host: new URL(server.url).host, enrolmentTokens };
}

/** Variables for a program of ours that is to leave a CPU profile where the bench asks for one. */
export function profiling({ profileDir }: Bench): Record<string, string> {
  return profileDir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` };
}
