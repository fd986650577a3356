import type { CaptureResult, RunResult } from "@groundcrew/vetting";
import type { Judged } from "../evidence/corpus.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";

/** A capture that was judged, in lines for people. */
export function captureLines(session: Session, { verdict, reasons, metrics }: CaptureResult): string[] {
  const rows = Object.entries(metrics).map(([name, value]) => [visible(name), String(value)]);
  return [
    `verdict: ${verdict}`,
    ...reasons.map((reason) => `  ${visible(reason)}`),
    ...session.tableLines({ columns: [{ title: "METRIC" }, { title: "VALUE" }], rows }),
  ];
}

/** A run that was judged again. */
export function runLines(session: Session, { profile, verdict, stages, notCovered }: RunResult): string[] {
  const rows = stages.map(({ stage, verdict: each, reasons }) => [stage, each, visible(reasons.join("; "))]);
  return [
    `verdict: ${verdict}, by profile ${profile}`,
    ...session.tableLines({
      columns: [{ title: "STAGE" }, { title: "VERDICT" }, { title: "WHY", flexible: true }],
      rows,
    }),
    ...(notCovered.length > 0 ? ["not covered:", ...notCovered.map((gap) => `  ${visible(gap)}`)] : []),
  ];
}

/** How a corpus was judged: what was judged wrongly, then the count of each kind. */
export function corpusLines(session: Session, judged: readonly Judged[]): string[] {
  const wrong = judged.filter((each) => each.wrong !== undefined);
  const rows = wrong.map(({ file, kind, label, verdict, wrong: what = "", reasons }) => [
    visible(file),
    kind,
    label,
    verdict,
    what,
    visible(reasons[0] ?? ""),
  ]);
  const titles = ["FILE", "KIND", "LABEL", "VERDICT", "WRONG"].map((title) => ({ title }));
  const table =
    rows.length === 0 ? [] : session.tableLines({ columns: [...titles, { title: "WHY", flexible: true }], rows });
  const counts = (["false pass", "false fail", "unreadable"] as const).map(
    (what) => `${what} ${wrong.filter((each) => each.wrong === what).length}`,
  );
  return [...table, `${judged.length} captures: right ${judged.length - wrong.length}, ${counts.join(", ")}`];
}
