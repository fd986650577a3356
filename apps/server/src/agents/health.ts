import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ReportHealthRequest, ReportHealthResponseSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { Coalescer, type Outcome } from "../db/coalesce.ts";
import type { Topic } from "../db/hints.ts";
import { superseded } from "../tokens/authenticate.ts";
import { requireRange } from "../validate.ts";
import { checkedLease, type LeaseName } from "../workflows/stale.ts";
import type { Caller } from "./caller.ts";
import { desiredStateOf } from "./desired-state.ts";
import { acknowledge, checkedAcks, pendingDirectives, type DirectiveMessage } from "./directives.ts";
import { LOG_LINES_MAX, noteHealth, processOf, type Health, type Heard } from "./note-health.ts";
import { markHeld } from "./mark-held.ts";
import { checkedOffer, noteOffers, type Offer } from "./offer.ts";
import { checkedCapabilities } from "./register.ts";

const LOG_LINE_MAX = 2_000;

/** No agent holds more than its capacity. */
const HELD_MAX = 1_024;

/** How long reports gather, in milliseconds: many agents that each report every 10 s cost 4 batches a second. */
const GATHER_MS = 250;

/** The most reports of one batch: what 16,000 agents send while one gathers. */
const BATCH_MAX = 4_096;

type Needs = Pick<ServerContext, "db" | "hints">;

type Response = MessageInitShape<typeof ReportHealthResponseSchema>;

/** One agent's report, checked. */
interface Report {
  caller: Caller;
  health: Health;
  held: LeaseName[];
  acks: string[];
  /** What the agent offers from now on, if that has changed. */
  offer: Offer | undefined;
}

/** Where agents report their health: it notes that they are there, and tells each what the operator wants of it. */
export class HealthDesk {
  readonly #reports: Coalescer<Report, Response>;

  /** `gatherMs`: how long a report waits for those of other agents. */
  constructor(context: Needs, gatherMs = GATHER_MS) {
    this.#reports = new Coalescer({ run: (batch) => takeReports(context, batch), gatherMs, maxBatch: BATCH_MAX });
  }

  /** Takes one report. Throws INVALID_ARGUMENT naming the field, and ABORTED for a process that was superseded. */
  async report(caller: Caller, request: ReportHealthRequest): Promise<Response> {
    return this.#reports.ask(checked(caller, request));
  }
}

function checked(caller: Caller, request: ReportHealthRequest): Report {
  requireRange("free_slots", request.freeSlots, 0, 1024);
  const { held, load1m, bye } = request;
  if (!Number.isFinite(load1m)) throw invalidField("load_1m", load1m, "a finite number");
  if (held.length > HELD_MAX) throw invalidField("held", `${held.length} entries`, `at most ${HELD_MAX}`);
  const lines = request.recentLog.slice(-LOG_LINES_MAX).map((line) => line.slice(0, LOG_LINE_MAX).replaceAll("\0", ""));
  return {
    caller,
    health: { load1m, capabilities: checkedCapabilities(request.capabilities), lines, bye },
    held: held.map((lease) => checkedLease(lease, "held.")),
    acks: checkedAcks(request.ackedDirectives),
    offer: request.offer && checkedOffer(request.offer, "offer"),
  };
}

/** Takes a batch in a statement for each thing there is to note, however many agents report. */
async function takeReports({ db, hints }: Needs, batch: readonly Report[]): Promise<Outcome<Response>[]> {
  // First of all, so that no answer repeats what this very report is done with.
  await acknowledge(
    db,
    batch.flatMap(({ caller, acks }) => acks.map((id) => ({ ...caller, id, refused: "" }))),
  );
  const changed = await noteOffers(db, batch);
  const heard = await noteHealth(db, batch);
  if (changed.length > 0) hints.publish("queue", ...changed.map((id): Topic => `agent:${id}`));
  const current = batch.filter(({ caller }) => heard.get(processOf(caller))?.lifecycle);
  await markHeld(db, current);
  const directed = current.filter(({ caller }) => heard.get(processOf(caller))?.directed);
  const directives = await pendingDirectives(
    db,
    directed.map(({ caller }) => caller),
  );
  return batch.map(({ caller }) => answer(caller, heard.get(processOf(caller)), directives.get(caller.agentId)));
}

function answer(caller: Caller, heard: Heard | undefined, directives: DirectiveMessage[] = []): Outcome<Response> {
  if (!heard?.lifecycle) return { error: superseded(caller.generation, heard?.newest ?? "0") };
  const { lifecycle, capacity, hold } = heard;
  return { value: { desiredState: desiredStateOf(lifecycle), directives, capacity, ...(hold && { hold }) } };
}
