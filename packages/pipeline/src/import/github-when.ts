import { type Entry, entriesOf, type Located, oneOrMoreOf, valueAt } from "../located.ts";
import { type Carrier, filled, textOf, textsOf } from "./carrier.ts";

const eventsByName: Record<string, string> = {
  pull_request: "pull_request",
  pull_request_target: "pull_request",
  schedule: "cron",
  workflow_dispatch: "manual",
  release: "release",
  deployment: "deployment",
};

/** `on` as conditions of ours, one for each event. */
export function conditionsFrom(carrier: Carrier, on: Located | undefined): object[] {
  const named = oneOrMoreOf(on).flatMap((item): [string, Pick<Entry, "at"> & { value?: Located }][] =>
    item.kind === "map" ? entriesOf(item) : [[textOf(item) ?? "", { at: item.at }]],
  );
  return named.flatMap(([name, { at, value }]) => {
    if (name === "push") return pushes(carrier, value);
    const event = eventsByName[name];
    if (event === undefined) carrier.lose({ at }, `the event ${name} is not carried`);
    if (event === "pull_request") return [filtered(carrier, event, value)];
    if (event === "cron")
      carrier.lose({ at }, "the times of the schedule are not carried: a cron of the server starts the pipeline");
    return event === undefined ? [] : [{ event }];
  });
}

/** A push of a tag is an event of its own here. */
function pushes(carrier: Carrier, value: Located | undefined): object[] {
  const tags = textsOf(valueAt(value, "tags"));
  const branches = ["branches", "branches-ignore"].some((key) => valueAt(value, key));
  const ofTag = filled({ event: "tag", tag: tags });
  if (tags.length > 0 && !branches) return [ofTag];
  return [filtered(carrier, "push", value), ...(tags.length > 0 || !branches ? [ofTag] : [])];
}

function filtered(carrier: Carrier, event: string, value: Located | undefined): object {
  carrier.loseOthers(value, ["branches", "branches-ignore", "paths", "paths-ignore", "tags"], `the event ${event}`);
  return filled({ event, branch: filterOf(value, "branches"), path: filterOf(value, "paths") });
}

function filterOf(value: Located | undefined, key: string): object | undefined {
  const include = textsOf(valueAt(value, key));
  const exclude = textsOf(valueAt(value, `${key}-ignore`));
  return exclude.length === 0 ? include : filled({ include, exclude });
}
