import { SecretAction, type SecretEvent } from "@groundcrew/proto";
import { ageText, type Table } from "./tables.ts";

/** What was done with secrets, one event a row. */
export function secretEventTable(events: SecretEvent[], nowMs: number): Table {
  return {
    columns: [
      { title: "WHEN" },
      { title: "WHAT" },
      { title: "NAME", flexible: true },
      { title: "OF", flexible: true },
      { title: "BY" },
      { title: "FOR" },
    ],
    rows: events.map((each) => [
      ageText(each.at, nowMs),
      WORDS[each.action] ?? String(each.action),
      each.name || "all",
      each.owner === "" ? each.repository : `owner ${each.owner}`,
      each.actor,
      forWhat(each),
    ]),
  };
}

const WORDS: Record<SecretAction, string> = {
  [SecretAction.UNSPECIFIED]: "",
  [SecretAction.SET]: "set",
  [SecretAction.REMOVE]: "removed",
  [SecretAction.USE]: "used",
  [SecretAction.ROTATE]: "key rotated",
};

function forWhat({ action, workflowId, keyId }: SecretEvent): string {
  if (action === SecretAction.USE) return `workflow ${workflowId}`;
  return action === SecretAction.ROTATE ? `key ${keyId}` : "";
}
