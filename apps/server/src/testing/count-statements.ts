import type { Kysely } from "kysely";
import type { Database } from "../db/schema.ts";

/** A database that counts the statements it is asked for. */
export function countStatements(db: Kysely<Database>): { db: Kysely<Database>; count: () => number } {
  let asked = 0;
  const counting = db.withPlugin({
    transformQuery({ node }) {
      asked += 1;
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  });
  return { db: counting, count: () => asked };
}
