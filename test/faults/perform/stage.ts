import type { Pipeline } from "@groundcrew/proto";
import type { World } from "../world/world.ts";
import type { Witness } from "../world/witness.ts";

/** Where a seed is played. */
export interface Stage {
  world: World;
  witness: Witness;
  /** Makes what is sent unlike that of other runs of the same seed. */
  runId: string;
  /** The pipelines that were accepted so far, by their number in the schedule. */
  pipelines: Map<number, Pipeline>;
  /** Who is to be left without work, and until when: one after the other, as two would undo each other. */
  quiet: Map<string, Promise<void>>;
  /** Aborted when the seed is given up. */
  signal: AbortSignal;
}
