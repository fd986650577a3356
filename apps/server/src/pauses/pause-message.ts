import { create } from "@bufbuild/protobuf";
import { PauseInfoSchema, PauseScope, type PauseInfo } from "@groundcrew/proto";
import type { Selectable } from "kysely";
import type { Database, PauseScopeName } from "../db/schema.ts";
import { timestampOf } from "../names.ts";

/** A pause, with an agent as people name it. */
type ShownPause = Selectable<Database["pauses"]>;

/** What can be paused, as the contract has it. */
export const SCOPES: Readonly<Record<PauseScopeName, PauseScope>> = {
  queue: PauseScope.QUEUE,
  repository: PauseScope.REPOSITORY,
  agent: PauseScope.AGENT,
};

/** A pause as the contract has it. */
export function pauseMessage(row: ShownPause): PauseInfo {
  return create(PauseInfoSchema, {
    scope: SCOPES[row.scope],
    target: row.target,
    pausedBy: row.paused_by,
    reason: row.reason,
    pausedAt: timestampOf(row.paused_at),
  });
}
