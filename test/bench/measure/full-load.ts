import type { Owner } from "@groundcrew/testkit/processes";
import type { LaneKind } from "../load/lane.ts";
import { enrol, LANE, startLoad, type Load } from "./fleet.ts";
import type { OurServer } from "./our-server.ts";

/** The fleet that keeps a server busy. */
export const AGENTS = 50;
export const SLOTS = 8;

/** Workflows of one submit. */
export const PER_SUBMIT = 50;

/** Twice what all slots hold, so that none waits for a submit. */
export const BACKLOG = 2 * AGENTS * SLOTS;

/** What differs between loads. */
export interface LoadOptions {
  /** Default: the lane that agents prefer. */
  lane?: LaneKind;
  /** Workflows per second. Default: as many as are completed. */
  ratePerS?: number;
}

/** Keeps servers busy with 50 agents of 8 slots, through submit, Next, Init, Update and Done. */
export async function startFullLoad(
  owner: Owner,
  servers: readonly [OurServer, ...OurServer[]],
  { lane = LANE, ratePerS }: LoadOptions = {},
): Promise<Load> {
  const load = startLoad(owner);
  await enrol(load, servers, { count: AGENTS, slots: SLOTS, lane });
  // A carried poll saves a call; on the session, a poll of its own is as cheap and is answered for all slots at once.
  await load.call("work", { carryNext: lane === "calls" });
  await load.call("submit", {
    hosts: servers.map(({ host }) => host),
    token: servers[0].server.adminToken,
    perSubmit: PER_SUBMIT,
    backlog: BACKLOG,
    ...(ratePerS !== undefined && { ratePerS }),
  });
  await warmUp(load);
  return load;
}

/** Until every slot has been through it a few times. */
export async function warmUp(load: Load): Promise<void> {
  await load.call("until", { what: "ended", count: 3 * AGENTS * SLOTS });
}
