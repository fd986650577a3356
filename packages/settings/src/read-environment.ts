import type { Given, Reading } from "./given.ts";
import { keyOf, type Settings } from "./program.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says. An empty variable counts as absent, as shells and unit files leave them about. */
export function readEnvironment(settings: Settings, env: Environment): Reading {
  const given = new Map<string, Given>();
  for (const setting of Object.values(settings)) {
    const text = setting.env === undefined ? undefined : env[setting.env];
    if (text !== undefined && text !== "") {
      given.set(keyOf(setting), { source: "environment", where: `the environment (${setting.env})`, texts: [text] });
    }
  }
  return { given, problems: [] };
}
