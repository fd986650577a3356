import type { FailedTest, SlowTest, StepTestResults, TestCounts } from "@groundcrew/proto";
import { formatDuration } from "../terminal/duration.ts";
import { paint, type Style } from "../terminal/style.ts";
import { visible } from "../terminal/visible.ts";

/** Counts in words: `120 tests, 3 failed, 1 skipped, in 4.2s`. Empty when there are none. */
export function testCountsText(counts: Omit<TestCounts, "$typeName"> | undefined): string {
  if (!counts) return "";
  const { tests, failures, errors, skipped, durationMs } = counts;
  const failed = failures + errors;
  const parts = [
    `${tests} ${tests === 1 ? "test" : "tests"}`,
    failed > 0 ? `${failed} failed` : "",
    skipped > 0 ? `${skipped} skipped` : "",
    `in ${formatDuration(durationMs)}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** The test results of a workflow's steps: counts, failures, the slowest tests. */
export function renderTests(steps: readonly StepTestResults[], style: Style): string[] {
  return steps.flatMap(({ stepRun, results }, index) => {
    if (!results) return [];
    const title = paint(style, "bold", visible(stepRun?.step ?? ""));
    const cut = results.truncated ? ["  there are more than are listed here"] : [];
    return [
      ...(index > 0 ? [""] : []),
      `${title}: ${testCountsText(results)}`,
      ...results.failed.flatMap((test) => failureLines(test, style)),
      ...cut,
      ...slowestLines(results.slowest, style),
    ];
  });
}

function failureLines(test: FailedTest, style: Style): string[] {
  const head = `  ${paint(style, "red", test.kind === "error" ? "error" : "failed")}  ${nameText(test)}`;
  const output = test.output.split("\n").filter((line) => line.trim() !== "" && line.trim() !== test.message);
  return [head, ...[test.message, ...output].filter(Boolean).map((line) => `          ${visible(line)}`)];
}

function slowestLines(slowest: readonly SlowTest[], style: Style): string[] {
  const lines = slowest
    .slice(0, 5)
    .map((test) => `  ${formatDuration(test.durationMs).padStart(7)}  ${nameText(test)}`);
  return lines.length === 0 ? [] : [paint(style, "dim", "  slowest"), ...lines];
}

function nameText({ suite, name }: Pick<SlowTest, "suite" | "name">): string {
  return visible(suite === "" || suite === name ? name : `${suite} › ${name}`);
}
