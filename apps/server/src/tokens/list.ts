import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListTokensRequest, ListTokensResponseSchema } from "@groundcrew/proto";
import type { Db } from "../context.ts";
import { createdBefore, creationKey, creationPage, paged } from "../page.ts";
import { tokenMessage } from "./token-message.ts";

/** A page of tokens of both kinds, newest first: revoked and expired ones too, never a secret. */
export async function listTokens(
  db: Db,
  request: ListTokensRequest,
): Promise<MessageInitShape<typeof ListTokensResponseSchema>> {
  const page = creationPage(request.page);
  const read = await db
    .selectFrom("tokens")
    .selectAll()
    .select(creationKey("tokens").as("key"))
    .$if(page.after !== undefined, (query) => query.where(createdBefore("tokens", page.after ?? "")))
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ key }) => key);
  return { tokens: rows.map(tokenMessage), nextPageToken };
}
