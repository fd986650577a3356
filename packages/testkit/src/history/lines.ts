import type { StepRunFact, StoredFacts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** Lines are stored once, in order, without gaps but those that were declared. */
export const linesOnce: Invariant<StoredFacts> = {
  name: "lines-once",
  promise: 6,
  description: "The stored lines of a step run follow on each other, each once, with no gap that was not declared.",
  check: ({ stepRuns }) => stepRuns.flatMap(brokenLines),
};

function brokenLines({ id, chunks, nextLine }: StepRunFact): string[] {
  const broken: string[] = [];
  let stored = 0;
  for (const { firstLine, lineCount, lostBefore } of chunks) {
    const wanted = stored + lostBefore;
    if (firstLine !== wanted) broken.push(`step run ${id}: lines from ${firstLine} follow on ${wanted}`);
    stored = firstLine + lineCount;
  }
  if (nextLine !== stored) broken.push(`step run ${id} waits for line ${nextLine}, but has ${stored}`);
  return broken;
}
