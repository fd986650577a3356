import { GUARDS, type Guards } from "./guards.ts";
import type { Database, Row } from "./state.ts";

/** The protocol without one of its guards. */
export interface Mutant {
  /** What is missing. */
  without: string;
  guards: Guards;
  /** The scenario that shows it. */
  shownBy: string;
  /** The invariants that must break: one of them at least. */
  breaks: readonly string[];
}

const { decideDone, decideRelease, isDue } = GUARDS;

/** One for each guard. */
export const MUTANTS: readonly Mutant[] = [
  {
    without: "the epoch in the fence",
    shownBy: "success, then once",
    breaks: ["stale-changes-nothing"],
    guards: { ...GUARDS, fence: (stored, named) => (stored?.agentId === named.agentId ? "ours" : "stale") },
  },
  {
    without: "the fence",
    shownBy: "success, then once",
    breaks: ["stale-changes-nothing", "holders-act"],
    guards: { ...GUARDS, fence: () => "ours" },
  },
  {
    without: "a new epoch for each lease",
    shownBy: "success, then once",
    breaks: ["epochs-grow"],
    guards: { ...GUARDS, newEpoch: (_, { epoch }) => Math.max(1, epoch) },
  },
  {
    without: "the look whether it has ended",
    shownBy: "a word of a dead process",
    breaks: ["transitions-follow"],
    guards: { ...GUARDS, hasEnded: () => false },
  },
  {
    without: "the cancel in Done",
    shownBy: "success, then once",
    breaks: ["cancel-wins"],
    guards: { ...GUARDS, decideDone: (facts, said) => decideDone({ ...facts, cancelRequested: false }, said) },
  },
  {
    without: "the cancel where a lease ends",
    shownBy: "once, then a clean-up",
    breaks: ["cancel-wins"],
    guards: {
      ...GUARDS,
      decideRelease: (facts, reason) => decideRelease({ ...facts, cancelRequested: false }, reason),
    },
  },
  {
    without: "on_agent_lost: fail",
    shownBy: "once, then a clean-up",
    breaks: ["fail-runs-once", "policy-decides"],
    guards: {
      ...GUARDS,
      decideRelease: (facts, reason) => decideRelease({ ...facts, onAgentLost: "requeue" }, reason),
    },
  },
  {
    without: "the bound of retries",
    shownBy: "a retry, then nothing",
    breaks: ["accepted-ends"],
    guards: { ...GUARDS, decideDone: (facts, said) => decideDone({ ...facts, retries: 0 }, said) },
  },
  {
    without: "the look at the lease under its lock",
    shownBy: "success, then once",
    breaks: ["only-lost-agents-lose"],
    guards: { ...GUARDS, isStillDue: () => true },
  },
  {
    without: "the time that servers have been up",
    shownBy: "servers away",
    breaks: ["only-lost-agents-lose"],
    guards: { ...GUARDS, isDue: whateverTheServers, isStillDue: whateverTheServers },
  },
  {
    without: "the poll that is told again",
    shownBy: "side by side",
    breaks: ["grants-are-told-again"],
    guards: { ...GUARDS, wasGranted: () => false },
  },
  {
    without: "the generation in the lease",
    shownBy: "a word of a dead process",
    breaks: ["newest-process-only"],
    guards: { ...GUARDS, isNewest: () => true },
  },
  {
    without: "the leases that a process lists",
    shownBy: "a failure, then always",
    breaks: ["tries-do-not-overlap"],
    guards: { ...GUARDS, isKept: () => false },
  },
  {
    without: "the condition of a dependency",
    shownBy: "success, then once",
    breaks: ["dependencies-hold"],
    guards: { ...GUARDS, decideChild: () => ({ kind: "ready" }) },
  },
  {
    without: "the count of parents",
    shownBy: "success, then once",
    breaks: ["accepted-ends"],
    guards: { ...GUARDS, decideChild: (parentsLeft) => ({ kind: "wait", parentsLeft }) },
  },
];

function whateverTheServers(db: Database, row: Row): boolean {
  return isDue({ ...db, upLong: true }, row);
}
