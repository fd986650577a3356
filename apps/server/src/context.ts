import type { Kysely, Transaction } from "kysely";
import type { Logger } from "pino";
import type { BlobStore } from "./blobs/store.ts";
import type { Hints } from "./db/hints.ts";
import type { Database } from "./db/schema.ts";
import type { ObjectStore } from "./objects/object-store.ts";
import type { FairTurns } from "./queue/fair-turns.ts";
import type { KeyRing } from "./secrets/key-ring.ts";

/** The intervals the server lives by and tells its agents, in milliseconds. */
export interface Intervals {
  /** How long a lease lasts without Extend. */
  leaseTtlMs: number;
  /** How often agents report their health. */
  healthIntervalMs: number;
  /** How long Next and Wait are held at most. */
  pollHoldMs: number;
  /** How long lines may wait on an agent for a batch to fill. */
  logIntervalMs: number;
}

/** What happens to machines that appear by themselves. */
export interface MachinePolicy {
  /**
   * Which of them are approved at once: `always` all, `enrolled` those whose agent enrolled with a token made for it
   * alone, `never` none. One whose identity is doubtful waits whatever is set.
   */
  approval: "always" | "enrolled" | "never";
  /** The profile that an approved machine is vetted by when its vetting agent is seen first. Undefined: it is not. */
  firstSight: string | undefined;
}

/** What every verb and handler of the server works with. */
export interface ServerContext {
  readonly db: Kysely<Database>;
  readonly hints: Hints;
  /** What is too bulky for the database. */
  readonly objects: ObjectStore;
  /** Files of step runs, by their SHA-256, kept in `objects`. */
  readonly blobs: BlobStore;
  readonly log: Logger;
  /** The keys that secrets are encrypted with. */
  readonly keys: KeyRing;
  readonly intervals: Intervals;
  /** Which machines may be vetted, and which are at once. */
  readonly machines: MachinePolicy;
  /** This process among all that share the database; written into the history. */
  readonly replica: string;
  /** The turns that owners take in the queue. */
  readonly turns: FairTurns;
  /** Aborts when the server begins to stop: held polls answer, watches end. */
  readonly stopping: AbortSignal;
  /** What agents are to dial, when the operator configured it. */
  readonly agentUrl: string | undefined;
  /** The certificate's fingerprint, "sha256:HEX". Empty without TLS. */
  readonly fingerprint: string;
}

/** A transaction, or the database itself. */
export type Db = Kysely<Database> | Transaction<Database>;
export type Tx = Transaction<Database>;
