import { parseProfile } from "../parse-profile.ts";
import type { Profile } from "../profile.ts";
import { DEMO_PROFILE } from "./demo.ts";

/** The profiles that come with Groundcrew, by name. `demo` takes about 14 s. */
export const builtInProfiles: ReadonlyMap<string, Profile> = new Map(
  [builtIn("demo.yaml", DEMO_PROFILE)].map((profile) => [profile.name, profile]),
);

function builtIn(path: string, content: string): Profile {
  const result = parseProfile({ path, content });
  if (!result.ok) throw new Error(`the built-in profile ${path} is broken: ${JSON.stringify(result.problems)}`);
  return result.profile;
}
