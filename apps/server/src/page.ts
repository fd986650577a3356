import type { PageRequest } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql, type RawBuilder } from "kysely";
import { isUuid, requireRange } from "./validate.ts";

const DEFAULT_SIZE = 50;
const MAX_SIZE = 1_000;

/** Which rows of a list to read, newest first. */
interface Page {
  /** How many rows. Read one more: it tells whether there is a next page. */
  size: number;
  /** The key of the last row of the page before. */
  after: string | undefined;
}

/** The page asked for of a list keyed by ids. Throws INVALID_ARGUMENT naming the field. */
export function idPage(request: PageRequest | undefined): Page {
  // 18 digits always fit an int64.
  return pageOf(request, (key) => /^[1-9][0-9]{0,17}$/.test(key));
}

/** The page asked for of a list keyed by {@link creationKey}. Throws INVALID_ARGUMENT naming the field. */
export function creationPage(request: PageRequest | undefined): Page {
  return pageOf(request, (key) => /^[0-9]{1,16}\./.test(key) && isUuid(key.slice(key.indexOf(".") + 1)));
}

/** The rows of a page, of at most `size + 1` that were read, and the token of the next; empty on the last. */
export function paged<T>(rows: T[], { size }: Page, keyOf: (row: T) => string): { rows: T[]; nextPageToken: string } {
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  const more = rows.length > size && last !== undefined;
  return { rows: shown, nextPageToken: more ? Buffer.from(keyOf(last)).toString("base64url") : "" };
}

/** The key of a row in a list of a table with UUIDs: when it was made, in microseconds, and its id. */
export function creationKey(table: string): RawBuilder<string> {
  const [createdAt, id] = [sql.ref(`${table}.created_at`), sql.ref(`${table}.id`)];
  return sql<string>`(extract(epoch from ${createdAt}) * 1000000)::bigint || '.' || ${id}`;
}

/** Whether a row comes after the row with this {@link creationKey} in a list, newest first. */
export function createdBefore(table: string, key: string): RawBuilder<boolean> {
  const [micros, id] = key.split(".");
  const at = sql`timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond'`;
  return sql<boolean>`(${sql.ref(`${table}.created_at`)}, ${sql.ref(`${table}.id`)}) < (${at}, ${id}::uuid)`;
}

function pageOf(request: PageRequest | undefined, isKey: (key: string) => boolean): Page {
  const { size = 0, token = "" } = request ?? {};
  return {
    size: size === 0 ? DEFAULT_SIZE : requireRange("page.size", size, 1, MAX_SIZE),
    after: token === "" ? undefined : keyOf(token, isKey),
  };
}

function keyOf(token: string, isKey: (key: string) => boolean): string {
  const key = Buffer.from(token, "base64url").toString();
  if (isKey(key)) return key;
  throw invalidField("page.token", token, "the next_page_token of an earlier answer");
}
