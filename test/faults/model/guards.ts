import {
  decideChild,
  decideDone,
  decideEnd,
  decideRelease,
  fence,
  hasEnded,
} from "../../../apps/server/src/workflows/rules.ts";
import type { Database, Request, Row } from "./state.ts";

/**
 * What keeps the protocol's promises: the product's own rules, and what its statements ask, as rules. A mutant is these
 * with one removed.
 */
export interface Guards {
  fence: typeof fence;
  decideDone: typeof decideDone;
  decideEnd: typeof decideEnd;
  decideRelease: typeof decideRelease;
  decideChild: typeof decideChild;
  /** A Done that comes again finds that the workflow has ended. */
  hasEnded: (state: Row["state"]) => boolean;
  /** A poll is answered only for the newest process of its agent. */
  isNewest: (db: Database, question: Request & { kind: "next" }) => boolean;
  /** A poll that is asked again is told what it was granted. */
  wasGranted: (row: Row, question: Request & { kind: "next" }) => boolean;
  /** A lease may be ended because time has passed: asked when it is looked for, and again with its row locked. */
  isDue: (db: Database, row: Row) => boolean;
  isStillDue: (db: Database, row: Row) => boolean;
  /** A lease that a new process lists stays its own. */
  isKept: (row: Row, held: { workflow: number; epoch: number } | undefined, workflow: number) => boolean;
  /** Each lease has an epoch that was never used. */
  newEpoch: (db: Database, row: Row) => number;
}

/** The guards as they are. */
export const GUARDS: Guards = {
  fence,
  decideDone,
  decideEnd,
  decideRelease,
  decideChild,
  hasEnded,
  isNewest: (db, { agent, generation }) => db.generations[agent] === generation,
  wasGranted: (row, { agent, poll }) => row.agent === agent && row.poll === poll,
  isDue,
  isStillDue: isDue,
  isKept: ({ epoch }, held, workflow) => held?.workflow === workflow && held.epoch === epoch,
  newEpoch: ({ nextEpoch }) => nextEpoch,
};

function isDue({ upLong }: Database, { state, received, due }: Row): boolean {
  if (due === "grant") return state === "leased" && !received;
  return due === "lease" && upLong;
}
