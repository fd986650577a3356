import { type Located, oneOrMoreOf, toData, valueAt } from "../located.ts";
import { events } from "../trigger.ts";
import { type Carrier, filled, textOf, textsOf } from "./carrier.ts";

/** `when` of a workflow as conditions of ours: its words are ours but for `evaluate` and what names the server. */
export function conditionsFrom(carrier: Carrier, when: Located | undefined): object[] {
  return oneOrMoreOf(when)
    .map((condition) => {
      carrier.loseOthers(condition, ["event", "branch", "path", "cron"], "a condition");
      const filter = (key: string) => filterFrom(valueAt(condition, key));
      return filled({
        event: eventsFrom(carrier, valueAt(condition, "event")),
        branch: filter("branch"),
        path: filter("path"),
        cron: filter("cron"),
      });
    })
    .filter((condition) => Object.keys(condition).length > 0);
}

function filterFrom(value: Located | undefined): unknown {
  if (value?.kind !== "map") return textsOf(value);
  const include = textsOf(valueAt(value, "include"));
  const exclude = textsOf(valueAt(value, "exclude"));
  return filled({ include, exclude });
}

/** Those of Woodpecker's events that exist here. */
function eventsFrom(carrier: Carrier, value: Located | undefined): string[] {
  const known: readonly string[] = events;
  return oneOrMoreOf(value).flatMap((item) => {
    const event = textOf(item);
    if (event !== undefined && known.includes(event)) return [event];
    carrier.lose(item, `the event ${JSON.stringify(toData(item))} is not carried`);
    return [];
  });
}

/** `when` of a step as an expression, where it is of events, plain branches and how the workflow stands. */
export function expressionFrom(carrier: Carrier, when: Located | undefined): string | undefined {
  const conditions = oneOrMoreOf(when).map((condition) => {
    carrier.loseOthers(condition, ["event", "branch", "status"], "the `when` of a step");
    const isAny = (name: string, values: string[]) =>
      values.length > 0 ? `${name} in [${values.map((value) => JSON.stringify(value)).join(", ")}]` : undefined;
    const status = textsOf(valueAt(condition, "status"));
    const stands = status.includes("failure") ? (status.includes("success") ? "always()" : "failure()") : undefined;
    const branch = textsOf(valueAt(condition, "branch")).filter((name) => !/[*?{]/.test(name));
    const event = eventsFrom(carrier, valueAt(condition, "event"));
    const all = [stands, isAny("event", event), isAny("branch", branch)].filter((part) => part !== undefined);
    return all.length === 0 ? undefined : all.join(" && ");
  });
  const known = conditions.filter((condition) => condition !== undefined);
  if (known.length === 0) return undefined;
  const any = known.length === 1 ? known[0] : known.map((condition) => `(${condition})`).join(" || ");
  return /(?:always|failure)\(\)/.test(any ?? "") ? any : `success() && (${any})`;
}
