import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListApprovalsRequest, ListApprovalsResponseSchema } from "@groundcrew/proto";
import type { Db } from "../context.ts";
import { idPage, paged } from "../page.ts";
import { namedSecrets } from "../secrets/named.ts";
import { selectWorkflows, workflowMessage } from "../workflows/workflow-message.ts";

/** A page of workflows that wait for an approval, newest first, with what there is to know before it is given. */
export async function listApprovals(
  db: Db,
  request: ListApprovalsRequest,
): Promise<MessageInitShape<typeof ListApprovalsResponseSchema>> {
  const page = idPage(request.page);
  const read = await selectWorkflows(db)
    .innerJoin("pipelines as p", "p.id", "w.pipeline_id")
    .select(["p.repository", "p.commit", "p.branch", "p.submitted_by", "c.trusted", "w.plan"])
    .where("w.state", "=", "blocked")
    .where("w.block_reason", "=", "approval")
    .$if(page.after !== undefined, (query) => query.where("w.id", "<", page.after ?? ""))
    .orderBy("w.id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ id }) => id);
  const approvals = rows.map((row) => ({
    workflow: workflowMessage(row),
    source: { repository: row.repository, commit: row.commit, branch: row.branch },
    submittedBy: row.submitted_by,
    untrusted: !row.trusted,
    secrets: namedSecrets(row.plan),
  }));
  return { approvals, nextPageToken };
}
