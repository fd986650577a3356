import type { ServerContext, Tx } from "../context.ts";

/** Runs several reads on one snapshot of the database, so that what they say fits together. */
export function inSnapshot<T>({ db }: Pick<ServerContext, "db">, read: (tx: Tx) => Promise<T>): Promise<T> {
  return db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(read);
}
