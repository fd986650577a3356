import { sql, type RawBuilder } from "kysely";

/** The replacement character, as JSON writes it. */
const REPLACEMENT = String.raw`\ufffd`;

/**
 * A value for a jsonb column; the only way to write one. Sent as text, because the driver would encode a parameter that
 * it sees is JSON once more. NUL and lone surrogates, which JSON can hold and Postgres refuses, become the replacement
 * character: what strangers wrote must not fail the statement that stores it.
 */
export function json(value: unknown): RawBuilder<string> {
  return sql<string>`${storable(JSON.stringify(value))}::text::jsonb`;
}

/** JSON text without what Postgres refuses. A pair of surrogates is not escaped in it, so every escaped one is alone. */
export function storable(text: string): string {
  return text.replaceAll(/\\(?:u0000|ud[89a-f][0-9a-f]{2}|[^])/g, (escape) =>
    escape.length > 2 ? REPLACEMENT : escape,
  );
}
