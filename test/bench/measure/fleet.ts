import type { Owner } from "@groundcrew/testkit/processes";
import type { LaneKind } from "../load/lane.ts";
import type { LoadCommands } from "../workers/load.ts";
import { startWorker, type Worker } from "../worker.ts";
import type { OurServer } from "./our-server.ts";

/** A fleet of simulated agents in a process of its own. */
export type Load = Worker<LoadCommands>;

/** The lane that agents prefer. */
export const LANE: LaneKind = "session";

/** How often agents report their health, in milliseconds: what the server tells them by default. */
export const HEALTH_MS = 10_000;

/** Starts a process for simulated agents. */
export function startLoad(owner: Owner): Load {
  return startWorker<LoadCommands>(owner, "load");
}

/** Adds agents of a server to a fleet. */
export function enrol(
  load: Load,
  servers: readonly OurServer[],
  { count, slots, lane = LANE }: { count: number; slots: number; lane?: LaneKind },
): Promise<void> {
  const hosts = servers.map(({ host }) => host);
  const tokens = servers[0]?.enrolmentTokens;
  return load.call("enrol", { hosts, tokens, count, slots, lane });
}
