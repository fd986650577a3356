import { events, manualTrigger, type Trigger } from "@groundcrew/pipeline";
import type { Trigger as TriggerMessage } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { requireMap, requireText } from "../validate.ts";

/** All parameters of a trigger, in bytes: each workflow stores its own copy. */
const PARAMETERS_MAX_BYTES = 16 * 1024;

/** Changed files that are looked at. */
const PATHS_MAX = 10_000;

/** What started a pipeline: a person, where nothing is said. Throws INVALID_ARGUMENT naming the field. */
export function checkedTrigger(trigger: TriggerMessage | undefined, sourceBranch: string): Trigger {
  if (!trigger) return { ...manualTrigger, branch: sourceBranch };
  const { event, branch, tag, cron, paths, pathsKnown, parameters } = trigger;
  const known: readonly string[] = events;
  if (event !== "" && !known.includes(event)) throw invalidField("trigger.event", event, `one of ${events.join(", ")}`);
  return {
    event: event || manualTrigger.event,
    branch: short("trigger.branch", branch) || sourceBranch,
    tag: short("trigger.tag", tag),
    cron: short("trigger.cron", cron),
    parameters: checkedParameters(parameters),
    ...(pathsKnown && { paths: checkedPaths(paths) }),
  };
}

function short(field: string, value: string): string {
  return requireText(field, value, { max: 1_024, expected: "at most 1,024 characters" });
}

function checkedPaths(paths: readonly string[]): readonly string[] {
  if (paths.length > PATHS_MAX) throw invalidField("trigger.paths", `${paths.length} paths`, `at most ${PATHS_MAX}`);
  return paths.map((path) => requireText("trigger.paths", path, { max: 4_096, expected: "at most 4,096 characters" }));
}

function checkedParameters(parameters: Record<string, string>): Record<string, string> {
  const field = "trigger.parameters";
  requireMap(field, parameters, { maxEntries: 64, maxKey: 128, maxValue: PARAMETERS_MAX_BYTES });
  const pattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
  for (const name of Object.keys(parameters))
    requireText(`${field} key`, name, {
      max: 128,
      pattern,
      expected: "letters, digits and '_', not starting with a digit",
    });
  const bytes = Buffer.byteLength(JSON.stringify(parameters));
  if (bytes > PARAMETERS_MAX_BYTES) throw invalidField(field, `${bytes} bytes`, "at most 16 KiB");
  return parameters;
}
