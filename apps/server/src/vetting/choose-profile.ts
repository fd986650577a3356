import type { StartVettingRequest } from "@groundcrew/proto";
import { PipelineProblemsSchema } from "@groundcrew/proto";
import { Code, ConnectError, invalidField } from "@groundcrew/rpc";
import { builtInProfiles, parseProfile, type Profile } from "@groundcrew/vetting";
import { requireText } from "../validate.ts";

type Choice = Pick<StartVettingRequest, "profile" | "profileFile">;

/** The profile a caller names or sends. Throws INVALID_ARGUMENT; mistakes in a file come with line and column. */
export function chooseProfile({ profile, profileFile }: Choice): Profile {
  if (profileFile && profile !== "") {
    throw invalidField("profile", profile, "either profile or profile_file, not both");
  }
  return profileFile ? fromFile(profileFile) : builtIn(profile);
}

function builtIn(name: string): Profile {
  const profile = builtInProfiles.get(name);
  if (profile) return profile;
  throw invalidField("profile", name, `one of ${[...builtInProfiles.keys()].join(", ")}, or a profile_file`);
}

function fromFile({ path, content }: { path: string; content: string }): Profile {
  requireText("profile_file.path", path, { max: 4096, expected: "at most 4096 characters" });
  const parsed = parseProfile({ path, content });
  if (parsed.ok) return parsed.profile;
  const { problems } = parsed;
  const [first] = problems;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
  const where = first ? `${first.path}:${first.line}:${first.column}: ${first.message}` : path;
  throw new ConnectError(`the profile has mistakes: ${where}${more}`, Code.InvalidArgument, undefined, [
    { desc: PipelineProblemsSchema, value: { problems } },
  ]);
}
