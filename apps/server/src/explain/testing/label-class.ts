import type { Insertable } from "kysely";
import type { ServerContext } from "../../context.ts";
import { json } from "../../db/json.ts";
import type { Database } from "../../db/schema.ts";

type Columns = Partial<Omit<Insertable<Database["label_classes"]>, "labels">> & { labels?: Record<string, string> };

/** The id of a label class: trusted build work without labels, with a test's own changes. */
export async function labelClass(context: ServerContext, changes: Columns = {}): Promise<number> {
  const { labels = {}, ...columns } = changes;
  const { id } = await context.db
    .insertInto("label_classes")
    .values({ kind: "build", machine_id: null, ...columns, labels: json(labels) })
    .onConflict((same) =>
      same
        .columns(["kind", "labels", "machine_id", "owner", "repository", "trusted"])
        .doUpdateSet({ labels: json(labels) }),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}
