import { create } from "@bufbuild/protobuf";
import { SecretInfoSchema, type SecretInfo } from "@groundcrew/proto";
import type { Selectable } from "kysely";
import type { Database } from "../db/schema.ts";
import { timestampOf } from "../names.ts";

/** What people see of a secret: everything but its value. */
export const SHOWN_COLUMNS = [
  "id",
  "scope",
  "target",
  "name",
  "events",
  "key_id",
  "set_by",
  "created_at",
  "updated_at",
] as const;

type ShownSecret = Pick<Selectable<Database["secrets"]>, (typeof SHOWN_COLUMNS)[number]>;

/** A secret as the contract has it. */
export function secretMessage(row: ShownSecret): SecretInfo {
  return create(SecretInfoSchema, {
    id: row.id,
    name: row.name,
    owner: row.scope === "owner" ? row.target : "",
    repository: row.scope === "repository" ? row.target : "",
    events: row.events,
    keyId: row.key_id,
    setBy: row.set_by,
    createdAt: timestampOf(row.created_at),
    updatedAt: timestampOf(row.updated_at),
  });
}
