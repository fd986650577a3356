import type { ReportHealthRequest, ReportHealthResponseSchema } from "@groundcrew/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext } from "../context.ts";
import { superseded } from "../tokens/authenticate.ts";
import { requireRange } from "../validate.ts";
import { markReceived } from "../workflows/extend.ts";
import type { Caller } from "./caller.ts";
import { checkedCapabilities, desiredStateOf } from "./register.ts";

const LOG_LINES_MAX = 50;
const LOG_LINE_MAX = 2_000;

/** Notes that an agent is there, what it holds and can do; tells it what the operator wants. */
export async function reportHealth(
  context: ServerContext,
  caller: Caller,
  request: ReportHealthRequest,
): Promise<MessageInitShape<typeof ReportHealthResponseSchema>> {
  requireRange("free_slots", request.freeSlots, 0, 1024);
  if (!Number.isFinite(request.load1m)) throw invalidField("load_1m", request.load1m, "a finite number");
  const lines = request.recentLog.slice(-LOG_LINES_MAX).map((line) => line.slice(0, LOG_LINE_MAX).replaceAll("\0", ""));
  const agent = await context.db
    .updateTable("agents")
    .set({
      load_1m: request.load1m,
      capabilities: checkedCapabilities(request.capabilities),
      last_seen_at: sql<Date>`now()`,
      disconnected_at: request.bye ? sql<Date>`now()` : null,
      ...(lines.length > 0 && {
        recent_log: sql<
          string[]
        >`(recent_log || ${lines}::text[])[greatest(1, cardinality(recent_log) + ${lines.length} - ${LOG_LINES_MAX - 1}):]`,
      }),
    })
    .where("id", "=", caller.agentId)
    // A process that was superseded meanwhile says nothing about its successor.
    .where("generation", "=", caller.generation)
    .returning("lifecycle")
    .executeTakeFirst();
  if (!agent) throw superseded(caller.generation, await newestGeneration(context, caller));
  await markReceived(context.db, caller, request.held);
  return { desiredState: desiredStateOf(agent.lifecycle), directives: [] };
}

async function newestGeneration({ db }: ServerContext, { agentId }: Caller): Promise<string> {
  const query = db.selectFrom("agents").select("generation").where("id", "=", agentId);
  return (await query.executeTakeFirstOrThrow()).generation;
}
