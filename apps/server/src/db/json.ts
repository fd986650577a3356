import { sql, type RawBuilder } from "kysely";

/** A value for a jsonb column. Sent as text: the driver would encode a parameter that it sees is JSON once more. */
export function json(value: unknown): RawBuilder<string> {
  return sql<string>`${JSON.stringify(value)}::text::jsonb`;
}
