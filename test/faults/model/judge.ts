import { INVARIANTS, violationsOf, type Facts, type Invariant } from "@groundcrew/testkit/processes";
import { isHeld } from "../../../apps/server/src/workflows/rules.ts";
import { factsOf } from "./facts.ts";
import { idOf } from "./key.ts";
import { recover } from "./recover.ts";
import type { Database, State } from "./state.ts";
import type { Step } from "./steps.ts";
import { rowOf, type Server } from "./transitions.ts";

/** The fault checker's invariants that the model can be held against: those that go by order, not by the clock. */
const JUDGED: readonly string[] = [
  "transitions-follow",
  "ends-have-reasons",
  "epochs-grow",
  "one-live-lease",
  "grants-are-leases",
  "holders-act",
  "cancel-wins",
  "cancels-are-asked",
  "dependencies-hold",
  "steps-run-once",
  "fail-runs-once",
  "tries-do-not-overlap",
  "ends-are-true",
  "policy-decides",
];

const always = named(JUDGED);
const inTheEnd = named(["accepted-ends"]);

function named(names: readonly string[]): readonly Invariant<Facts>[] {
  return names.map((name) => {
    const found = INVARIANTS.find((invariant) => invariant.name === name);
    if (!found) throw new Error(`the fault checker has no invariant ${name}`);
    return found;
  });
}

/** Judges steps. What was judged before is not looked at again. */
export function judgeOf(server: Server): (before: State, step: Step) => string[] {
  const whole = new Set<string>();
  const recovered = new Set<string>();
  return (before, step) => {
    const { db } = step.state;
    if (db === before.db) return [];
    const broken = brokenBy(before, step);
    const rows = db.rows.map(idOf).join();
    const key = `${rows};${db.histories.map(idOf).join()};${idOf(db.leases)}`;
    if (!whole.has(key)) {
      whole.add(key);
      broken.push(...check(server, db, always));
    }
    if (!recovered.has(rows)) {
      recovered.add(rows);
      broken.push(...check(server, recover(db, server), inTheEnd));
    }
    return broken;
  };
}

function check({ scenario }: Server, db: Database, invariants: readonly Invariant<Facts>[]): string[] {
  return violationsOf(factsOf(scenario, db), invariants).map(({ invariant, message }) => `${invariant}: ${message}`);
}

/** What the checker tells by the clock, told by the step that breaks it. */
function brokenBy(before: State, { state, served }: Step): string[] {
  return [...wronglyLost(before.db, state.db), ...(served ? wronglyServed(before, state, served) : [])];
}

function wronglyLost(before: Database, after: Database): string[] {
  return after.histories.flatMap((history, workflow) => {
    const last = history.at(-1);
    const news = history.length > (before.histories[workflow]?.length ?? 0);
    if (!news || last?.kind !== "transition") return [];
    const { due } = rowOf(before, workflow);
    const isExcused = due === "lease" && before.upLong;
    if (last.reason === "agent_lost" && !isExcused) return [`only-lost-agents-lose: workflow ${workflow} was not due`];
    return [];
  });
}

function wronglyServed(before: State, after: State, { request, answers }: NonNullable<Step["served"]>): string[] {
  if (request.kind !== "next") {
    const row = rowOf(before.db, request.workflow);
    const isLive = row.epoch === request.epoch && row.agent === request.agent && isHeld(row.state);
    return isLive || after.db === before.db ? [] : [`stale-changes-nothing: ${JSON.stringify(request)}`];
  }
  const { agent, generation, poll } = request;
  if (generation !== before.db.generations[agent]) return [`newest-process-only: ${JSON.stringify(request)}`];
  const granted = before.db.rows.some((row) => isHeld(row.state) && row.agent === agent && row.poll === poll);
  return granted ? [`grants-are-told-again: ${JSON.stringify(answers)} to ${JSON.stringify(request)}`] : [];
}
