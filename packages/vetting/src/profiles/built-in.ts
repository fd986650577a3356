import { parseProfile } from "../parse-profile.ts";
import type { Profile } from "../profile.ts";
import { compose } from "./compose.ts";
import { DEMO_PROFILE } from "./demo.ts";

const TEXTS: Readonly<Record<string, string>> = {
  demo: DEMO_PROFILE,
  quick: compose("quick"),
  standard: compose("standard"),
  soak: compose("soak"),
};

/**
 * The profiles that come with Groundcrew, by name: `demo` takes about 14 s, `quick` a few minutes, `standard` about an
 * hour, `soak` a day or two.
 */
export const builtInProfiles: ReadonlyMap<string, Profile> = new Map(
  Object.entries(TEXTS).map(([name, content]) => [name, builtIn(`${name}.yaml`, content)]),
);

/** A built-in profile as YAML: a beginning for an operator's own. Undefined: there is none of this name. */
export function builtInProfileText(name: string): string | undefined {
  return Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
}

function builtIn(path: string, content: string): Profile {
  const result = parseProfile({ path, content });
  if (!result.ok) throw new Error(`the built-in profile ${path} is broken: ${JSON.stringify(result.problems)}`);
  return result.profile;
}
