import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListSecretsRequest, ListSecretsResponseSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { Db } from "../context.ts";
import { idPage, paged } from "../page.ts";
import { secretMessage, SHOWN_COLUMNS } from "./secret-message.ts";

/** A page of secrets, newest first, without their values. */
export async function listSecrets(
  db: Db,
  { page: asked, owner, repository }: ListSecretsRequest,
): Promise<MessageInitShape<typeof ListSecretsResponseSchema>> {
  if (owner !== "" && repository !== "") throw invalidField("repository", repository, "nothing beside an owner");
  const page = idPage(asked);
  const read = await db
    .selectFrom("secrets")
    .select(SHOWN_COLUMNS)
    .$if(page.after !== undefined, (query) => query.where("id", "<", page.after ?? ""))
    .$if(owner !== "", (query) => query.where("scope", "=", "owner").where("target", "=", owner))
    .$if(repository !== "", (query) => query.where("scope", "=", "repository").where("target", "=", repository))
    .orderBy("id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ id }) => id);
  return { secrets: rows.map(secretMessage), nextPageToken };
}
