import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { NextRequestSchema, type NextResponseSchema } from "@groundcrew/proto";
import type { KyselyPlugin } from "kysely";
import type { Caller } from "../../agents/caller.ts";
import type { ServerContext } from "../../context.ts";
import { connect } from "../../db/connection.ts";
import { Hints } from "../../db/hints.ts";
import { enrolAgent } from "../../testing/fleet.ts";
import type { Poller } from "../next.ts";

/** A poll that is held open. */
export class Held {
  readonly grants: Promise<string[]>;
  readonly #caller = new AbortController();
  readonly #answer: Promise<MessageInitShape<typeof NextResponseSchema>>;

  constructor(poller: Poller, agent: Caller, { pollId = `of ${agent.name}`, freeSlots = 1 } = {}) {
    const request = create(NextRequestSchema, { pollId, freeSlots });
    this.#answer = poller.next(agent, request, this.#caller.signal);
    this.grants = this.#answer.then(({ grants = [] }) => grants.map(({ workflowId = "" }) => workflowId));
  }

  leave(): Promise<string[]> {
    this.#caller.abort();
    return this.grants;
  }

  /** What was granted at the end of everything: nothing when the poll was still held. */
  static async endAll(polls: readonly Held[]): Promise<string[][]> {
    return Promise.all(polls.map((held) => held.leave()));
  }
}

/** A context whose statements are told to the listener first; one that throws fails the statement. */
export function watched(context: ServerContext, onStatement: () => void): ServerContext {
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      onStatement();
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  return { ...context, db: context.db.withPlugin(plugin) };
}

/** A context that hears no replica, itself included: hints are heard as they are published. */
export function alone(context: ServerContext): ServerContext {
  return { ...context, hints: new Hints(connect("postgres://127.0.0.1:1").driver) };
}

/** Has a round that looks at the queue, and returns when it is over. */
export async function round(context: ServerContext, poller: Poller): Promise<void> {
  const nobody = await enrolAgent(context, { labels: { "!none": "asks for this" } });
  context.hints.publish("queue");
  await poller.nextNow(nobody, create(NextRequestSchema, { pollId: "round", freeSlots: 1 }));
}
