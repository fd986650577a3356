import { sql, type RawBuilder } from "kysely";

/** The replacement character, as JSON writes it. */
const REPLACEMENT = String.raw`\ufffd`;

/**
 * A value for a jsonb column that holds a stranger's words: NUL and lone surrogates, which JSON can write and Postgres
 * refuses, become the replacement character.
 */
export function evidenceJson(value: unknown): RawBuilder<string> {
  return sql<string>`${storable(JSON.stringify(value))}::text::jsonb`;
}

/** JSON text without what Postgres refuses. A pair of surrogates is not escaped in it, so every escaped one is alone. */
export function storable(json: string): string {
  return json.replaceAll(/\\(?:u0000|ud[89a-f][0-9a-f]{2}|[^])/g, (escape) =>
    escape.length > 2 ? REPLACEMENT : escape,
  );
}
