import type { OperatorService } from "@groundcrew/proto";
import { notFound, type ServiceImpl } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext } from "../context.ts";
import { requireId } from "../validate.ts";
import { removeCaches } from "./evict.ts";
import { listCaches } from "./list.ts";

/** What people do with caches. */
export function cacheOperatorHandlers({
  db,
}: Pick<ServerContext, "db">): Pick<ServiceImpl<typeof OperatorService>, "listCaches" | "removeCache"> {
  return {
    listCaches: (request) => listCaches(db, request),
    async removeCache(request) {
      const id = requireId("id", request.id);
      if ((await removeCaches(db, sql`${id}::bigint`)) === 0) throw notFound("cache", id);
      return {};
    },
  };
}
