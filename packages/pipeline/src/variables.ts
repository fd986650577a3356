import type { Env } from "./step-schema.ts";

/** What a file, a workflow or a step says of variables. */
export interface Variables {
  env: Env;
  /** The secret's name by variable. */
  secrets: Record<string, string>;
}

/** Variables with others over them: a variable is fixed, computed or a secret, whichever was said last. */
export function layered(below: Variables, above: Variables): Variables {
  return {
    env: { ...without(below.env, above.secrets), ...above.env },
    secrets: { ...without(below.secrets, above.env), ...above.secrets },
  };
}

/** Those with a fixed text. */
export function fixedOf(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}

/** The expressions of those that are computed. */
export function computedOf(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (typeof value === "string" ? [] : [[name, value.from]])),
  );
}

function without<Value>(entries: Record<string, Value>, names: object): Record<string, Value> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => !Object.hasOwn(names, name)));
}
