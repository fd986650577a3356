import type { Reason } from "./reason.ts";
import type { Subject } from "./subject.ts";
import { moment } from "./words.ts";

/** Where a workflow stands, in one line. */
export function summaryOf(subject: Subject, reasons: readonly Reason[]): string {
  switch (subject.state) {
    case "blocked":
    case "queued":
      return waiting(reasons);
    case "leased":
      return `agent ${subject.agent_name} has taken it and not started it yet${canceling(subject)}`;
    case "running":
      return `it runs on agent ${subject.agent_name}${since(subject.started_at)}${canceling(subject)}`;
    case "succeeded":
    case "failed":
    case "canceled":
    case "timed_out":
    case "lost":
    case "skipped":
      return ended(subject);
    default:
      return subject.state satisfies never;
  }
}

function waiting(reasons: readonly Reason[]): string {
  if (reasons.length === 0) return "nothing keeps it: an agent with a free slot takes it next";
  return oneLine(reasons.map(({ text }) => text).join("; "));
}

function ended({ state, end_reason, error, finished_at }: Subject): string {
  const when = finished_at ? ` at ${moment(finished_at)}` : "";
  const why = error || (end_reason ?? "").replaceAll("_", " ");
  return `it ended ${state.replaceAll("_", " ")}${when}${why && `: ${oneLine(why)}`}`;
}

function canceling({ cancel_requested_at }: Subject): string {
  return cancel_requested_at ? ", and is being canceled" : "";
}

function since(date: Date | null): string {
  return date ? ` since ${moment(date)}` : "";
}

/** What an agent reported, or the reason of a pause, may have several lines. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
