import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { builtInProfiles, builtInProfileText, isSkipped, parseProfile, type Profile } from "@groundcrew/vetting";
import { ExitCode } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { readTextFile } from "../files.ts";
import type { Session } from "../session.ts";
import { withExamples, withOutput, type Run } from "./command.ts";

/** `crew vet profiles`. */
export function addProfiles(vet: Command, run: Run): void {
  const profiles = vet
    .command("profiles")
    .summary("the profiles that come with crew")
    .description("Profiles that come with crew and the server: what a machine must show.");
  withOutput(profiles.command("ls"))
    .alias("list")
    .description("Lists the built-in profiles, with the stages that each runs.")
    .action(run(list));
  const show = profiles
    .command("show")
    .description("Prints a built-in profile as YAML: a beginning for one of your own.")
    .argument("<name>", "a built-in profile")
    .action(run(printText));
  withExamples(show, ["crew vet profiles show standard > mine.yaml"]);
}

/** A built-in profile by its name, or one from a file. Throws {@link Failure} with each mistake's place. */
export async function readProfile(session: Session, profile: string): Promise<Profile> {
  const path = resolve(session.io.cwd, profile);
  const builtIn = builtInProfiles.get(profile);
  if (builtIn && !existsSync(path)) return builtIn;
  if (!existsSync(path) && !/[/\\]|\.ya?ml$/.test(profile)) throw unknown(profile);
  const parsed = parseProfile({ path: profile, content: await readTextFile(path, profile) });
  if (parsed.ok) return parsed.profile;
  const problems = parsed.problems.map(
    ({ path: file, line, column, message }) => `${file}:${line}:${column}: ${message}`,
  );
  throw new Failure("the profile has mistakes", { exitCode: ExitCode.usage, why: problems.join("\n") });
}

function list(session: Session): Promise<void> {
  const all = [...builtInProfiles.values()];
  if (session.format === "json") session.print([JSON.stringify(all, undefined, 2)]);
  else {
    const rows = all.map(({ name, description, stages }) => [name, stagesText(stages), description]);
    const columns = [{ title: "NAME" }, { title: "STAGES", flexible: true }, { title: "WHAT FOR", flexible: true }];
    session.print(session.tableLines({ columns, rows }));
  }
  return Promise.resolve();
}

function stagesText(stages: Profile["stages"]): string {
  return stages.flatMap((stage) => (isSkipped(stage) ? [] : [stage.name])).join(" ");
}

function printText(session: Session, _options: object, name: string): Promise<void> {
  const text = builtInProfileText(name);
  if (text === undefined) throw unknown(name);
  session.print(text.trimEnd().split("\n"));
  return Promise.resolve();
}

function unknown(name: string): Failure {
  return usage(
    `no built-in profile is called ${JSON.stringify(name)}`,
    `there are: ${[...builtInProfiles.keys()].join(", ")}`,
  );
}
