import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListCachesRequest, ListCachesResponseSchema } from "@groundcrew/proto";
import type { Db } from "../context.ts";
import { idPage, paged } from "../page.ts";
import { cacheMessage } from "./cache-row.ts";

/** A page of caches, newest first. */
export async function listCaches(
  db: Db,
  request: ListCachesRequest,
): Promise<MessageInitShape<typeof ListCachesResponseSchema>> {
  const page = idPage(request.page);
  const read = await db
    .selectFrom("caches")
    .selectAll()
    .$if(request.repository !== "", (query) => query.where("repository", "=", request.repository))
    .$if(page.after !== undefined, (query) => query.where("id", "<", page.after ?? ""))
    .orderBy("id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, (row) => row.id);
  return { caches: rows.map(cacheMessage), nextPageToken };
}
