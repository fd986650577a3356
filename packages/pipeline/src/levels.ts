import type { z } from "zod";
import { conditionSchema, filterSchema } from "./condition-schema.ts";
import { entriesOf, type Located, locate } from "./located.ts";
import { concurrencySchema, dependencySchema, retrySchema } from "./policies.ts";
import { checkoutSchema, fileSchema, workflowSchema } from "./schema.ts";
import {
  artifactSchema,
  cacheSchema,
  downloadSchema,
  groupSchema,
  serviceSchema,
  stepRetrySchema,
  stepSchema,
} from "./step-schema.ts";
import { computedSchema } from "./values.ts";

/** The kinds of mapping whose keys the format fixes. */
export const levels = {
  file: fileSchema,
  workflow: workflowSchema,
  condition: conditionSchema,
  filter: filterSchema,
  dependency: dependencySchema,
  "concurrency rule": concurrencySchema,
  "retry rule": retrySchema,
  checkout: checkoutSchema,
  step: stepSchema,
  "parallel group": groupSchema,
  "retry rule of a step": stepRetrySchema,
  service: serviceSchema,
  artifact: artifactSchema,
  download: downloadSchema,
  "cache rule": cacheSchema,
  "computed value": computedSchema,
} satisfies Record<string, { shape: Record<string, z.ZodType> }>;

/** One of them. */
export type Level = keyof typeof levels;

/** The keys of a level, in the order of its schema. */
export function keysOf(level: Level): string[] {
  return Object.keys(levels[level].shape);
}

/** The level of the mapping at a path: `workflows.NAME` and what stands in it. */
export function levelOf(root: Located, path: readonly PropertyKey[]): Level {
  const keys = path.filter((part) => typeof part !== "number").map(String);
  if (keys.length === 0) return "file";
  if (keys.at(-2) === "env" || keys.at(-2) === "labels" || keys[3] === "group") return "computed value";
  const [, , key, ...below] = keys;
  switch (key) {
    case undefined:
      return "workflow";
    case "when":
      return below.length === 0 ? "condition" : "filter";
    case "depends_on":
      return "dependency";
    case "concurrency":
      return "concurrency rule";
    case "retry":
      return "retry rule";
    case "checkout":
      return "checkout";
    default:
      return levelInSteps(root, path, below.at(-1));
  }
}

function levelInSteps(root: Located, path: readonly PropertyKey[], key: string | undefined): Level {
  switch (key) {
    case "retry":
      return "retry rule of a step";
    case "service":
      return "service";
    case "artifacts":
      return "artifact";
    case "downloads":
      return "download";
    case "cache":
      return "cache rule";
    default: {
      const names = new Set(entriesOf(locate(root, path).value).map(([name]) => name));
      return names.has("parallel") && !names.has("run") ? "parallel group" : "step";
    }
  }
}
