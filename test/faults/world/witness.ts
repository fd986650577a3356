import type {
  CancelFact,
  DisturbanceFact,
  DrainFact,
  ExplainFact,
  PauseFact,
  RestartFact,
  WorkflowPlanFact,
} from "@groundcrew/testkit/processes";

/** What is seen from outside while a seed is played. */
export class Witness {
  readonly accepted: { pipeline: string; workflows: string[] }[] = [];
  readonly plans = new Map<string, WorkflowPlanFact>();
  readonly cancels: CancelFact[] = [];
  readonly pauses: PauseFact[] = [];
  readonly drains: DrainFact[] = [];
  readonly restarts: RestartFact[] = [];
  readonly explained: ExplainFact[] = [];
  readonly deaths: string[] = [];
  /** What was done when, in words. */
  readonly diary: string[] = [];
  readonly disturbances: DisturbanceFact[] = [];

  note(what: string): void {
    this.diary.push(`${new Date().toISOString()} ${what}`);
  }

  /** Notes whom some work may keep from being heard, until it is done and everybody has found back. */
  async disturb(subject: string, how: string, work: (own: DisturbanceFact) => Promise<void>): Promise<void> {
    // Until it is over, it is as if it went on for ever.
    const disturbance = { subject, how, fromMs: Date.now(), toMs: Infinity, wellMs: Infinity };
    this.disturbances.push(disturbance);
    this.note(`${how} ${subject}`);
    await work(disturbance);
    disturbance.toMs = Date.now();
    this.lasted(disturbance);
    this.note(`${how} ${subject}: over`);
  }

  /** Notes that what a disturbance caused has lasted until now, whenever the disturbance itself was over. */
  lasted(disturbance: DisturbanceFact): void {
    const nowMs = Date.now();
    disturbance.wellMs = nowMs + findsBackMs(nowMs - disturbance.fromMs);
  }

  /** Notes a stretch that is over. */
  disturbed(disturbance: DisturbanceFact): void {
    this.disturbances.push({ ...disturbance });
    this.note(`${disturbance.how} ${disturbance.subject}`);
  }
}

/**
 * How long it may take until somebody who could not reach the other for this long tries again, in milliseconds: pauses
 * between tries double up to 10 s (agents) and 5 s (their connections), so that the last is as long as all before.
 */
function findsBackMs(awayMs: number): number {
  return 1_500 + Math.min(awayMs, 10_000);
}
