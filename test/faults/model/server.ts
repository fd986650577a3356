import { isHeld } from "../../../apps/server/src/workflows/rules.ts";
import type { Answer, Database, Request, Row, Said } from "./state.ts";
import { apply, factsOf, rowOf, transit, update, type Server } from "./transitions.ts";

// What servers do, each in one transaction of the database: any replica may do it, and a server that dies in it has
// done nothing.

/** What a transaction came to. */
export interface Served {
  db: Database;
  answers: readonly Answer[];
}

/** Answers what an agent says. */
export function serve(db: Database, server: Server, request: Request): Served {
  switch (request.kind) {
    case "next":
      return next(db, server, request);
    case "init":
      return init(db, server, request);
    case "extend":
      return extend(db, server, request);
    case "done":
      return done(db, server, request);
    default:
      return request satisfies never;
  }
}

/** Leases what goes first, or tells again what was leased under this poll. Holds the poll while there is nothing. */
function next(db: Database, { guards }: Server, request: Request & { kind: "next" }): Served {
  const { agent, poll } = request;
  if (!guards.isNewest(db, request)) return { db, answers: [] };
  const before = db.rows.findIndex((row) => isHeld(row.state) && guards.wasGranted(row, request));
  if (before >= 0) {
    const { epoch } = rowOf(db, before);
    return { db, answers: [{ kind: "grant", agent, poll, workflow: before, epoch }] };
  }
  const workflow = db.rows.findIndex(({ state }) => state === "queued");
  if (workflow < 0) return { db, answers: [] };
  const epoch = guards.newEpoch(db, rowOf(db, workflow));
  const lease = { epoch, workflow, agent, ended: false };
  const given = { ...db, leases: [...db.leases, lease], nextEpoch: db.nextEpoch + 1 };
  const columns = { state: "leased", epoch, agent, poll, received: false, due: "no" } as const;
  return {
    db: transit(given, workflow, columns, { agent }),
    answers: [{ kind: "grant", agent, poll, workflow, epoch }],
  };
}

type About = { agent: number; workflow: number; epoch: number };

/** The workflow starts: once, however often it is said. */
function init(db: Database, server: Server, { agent, workflow, epoch }: About): Served {
  const row = rowOf(db, workflow);
  const about = { agent, workflow, epoch };
  if (!isOwn(server, row, about) || !isHeld(row.state)) return { db, answers: [{ kind: "lost", ...about }] };
  const answers = [{ kind: row.cancelRequested ? "canceling" : "started", ...about } as const];
  if (row.state === "running") return { db, answers };
  return { db: transit(db, workflow, { state: "running", received: true, due: "no" }, { agent }), answers };
}

/** The lease is renewed, however late. */
function extend(db: Database, server: Server, { agent, workflow, epoch }: About): Served {
  const row = rowOf(db, workflow);
  const about = { agent, workflow, epoch };
  if (!isOwn(server, row, about) || !isHeld(row.state)) return { db, answers: [{ kind: "lost", ...about }] };
  const answers: Answer[] = row.cancelRequested ? [{ kind: "canceling", ...about }] : [];
  return { db: update(db, workflow, { received: true, due: "no" }), answers };
}

/** The workflow ends as its agent says, unless a cancel came first. */
function done(db: Database, server: Server, { agent, workflow, epoch, said }: About & { said: Said }): Served {
  const row = rowOf(db, workflow);
  const about = { agent, workflow, epoch };
  if (!isOwn(server, row, about)) return { db, answers: [{ kind: "lost", ...about }] };
  if (server.guards.hasEnded(row.state)) return { db, answers: [{ kind: "ended", ...about }] };
  if (row.state === "queued" || row.state === "blocked") return { db, answers: [{ kind: "lost", ...about }] };
  const change = server.guards.decideDone(factsOf(server, row, workflow), endingOf(server, workflow, said));
  return { db: apply(db, server, workflow, change, agent), answers: [{ kind: "ended", ...about }] };
}

function endingOf({ scenario }: Server, workflow: number, said: Said): Parameters<Server["guards"]["decideDone"]>[1] {
  if (said === "handed_back") return { state: "queued" };
  if (said === "canceled") return { state: "canceled", reason: "canceled", error: "" };
  const exitCode = scenario.workflows[workflow]?.exitCode ?? 0;
  if (exitCode === 0) return { state: "succeeded", reason: "completed", error: "" };
  return { state: "failed", reason: "step_failed", error: "" };
}

function isOwn({ guards }: Server, row: Row, { agent, epoch }: About): boolean {
  const stored = { epoch: String(row.epoch), agentId: nameOf(row.agent) };
  return guards.fence(stored, { epoch: String(epoch), agentId: nameOf(agent) }) === "ours";
}

function nameOf(agent: number | null): string | null {
  return agent === null ? null : String(agent);
}

/** A process of an agent announces itself: it is the newest, and what it does not list ends by its policy. */
export function register(
  db: Database,
  server: Server,
  agent: number,
  held: { workflow: number; epoch: number } | undefined,
): Database {
  const generations = db.generations.map((generation, at) => (at === agent ? generation + 1 : generation));
  let after: Database = { ...db, generations };
  for (const [workflow, row] of db.rows.entries()) {
    if (row.agent !== agent || !isHeld(row.state) || server.guards.isKept(row, held, workflow)) continue;
    const change = server.guards.decideRelease(factsOf(server, row, workflow), "agent_restarted");
    after = apply(after, server, workflow, change, agent);
  }
  return after;
}

/** Somebody cancels a workflow that has not ended: at once while nobody has it, else by its agent or its lease. */
export function cancel(db: Database, server: Server, workflow: number): Database {
  const marked = update(db, workflow, { cancelRequested: true });
  if (isHeld(rowOf(db, workflow).state)) return marked;
  return apply(marked, server, workflow, { kind: "end", state: "canceled", reason: "canceled", error: "" }, null);
}

/** A reaper ends a lease that it found due, if that is still so. */
export function reap(db: Database, server: Server, workflow: number): Database {
  const row = rowOf(db, workflow);
  if (!isHeld(row.state) || !server.guards.isStillDue(db, row)) return db;
  const reason = row.due === "grant" ? "grant_lost" : "agent_lost";
  const change = server.guards.decideRelease(factsOf(server, row, workflow), reason);
  return apply(db, server, workflow, change, null);
}

/** The moment of a retry has come. */
export function admit(db: Database, workflow: number): Database {
  return transit(db, workflow, { state: "queued" }, { agent: null });
}

/** Whether a workflow waits for the moment of a retry. */
export function waitsForMoment({ state, parentsLeft }: Row): boolean {
  return state === "blocked" && parentsLeft === 0;
}
