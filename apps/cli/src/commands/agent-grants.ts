import type { Command } from "commander";
import { SetAgentGrantsResponseSchema } from "@groundcrew/proto";
import { usage } from "../failure.ts";
import { grantsText } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withExamples, withOutput, type Run } from "./command.ts";

/** What `--owner`, `--repository` and `--untrusted` give. */
export interface GrantOptions {
  owner?: string[];
  repository?: string[];
  untrusted?: boolean;
}

/** Adds `--owner`, `--repository` and `--untrusted`. */
export function withGrants(command: Command): Command {
  return command
    .option("--owner <owner>", "only this owner's work, such as https://example.org/acme (repeatable)", appended)
    .option("--repository <repository>", "only this repository's work, named as it is submitted (repeatable)", appended)
    .option("--untrusted", "also work of strangers");
}

function appended(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** The grants that the options say. Undefined: they say nothing. */
export function grantsOf(
  options: GrantOptions,
): { owners: string[]; repositories: string[]; untrusted: boolean } | undefined {
  const { owner: owners = [], repository: repositories = [], untrusted = false } = options;
  if (owners.length === 0 && repositories.length === 0 && !untrusted) return undefined;
  return { owners, repositories, untrusted };
}

/** Adds `crew agents grant`. */
export function addGrant(agents: Command, run: Run): void {
  const grant = withGrants(withOutput(agents.command("grant")))
    .description(
      "Says whose work an agent may take, whatever labels say, instead of what it was granted before. With owners and " +
        "repositories, work must fit both.",
    )
    .argument("<agent>", "an agent's name or id")
    .option("--anybody", "any owner's and repository's work")
    .action(run(setGrants));
  withExamples(grant, [
    "crew agents grant build-7 --owner https://example.org/acme",
    "crew agents grant sandbox-1 --anybody --untrusted",
  ]);
}

async function setGrants(
  session: Session,
  { anybody = false, ...options }: GrantOptions & { anybody?: boolean },
  agent: string,
): Promise<void> {
  const limited = options.owner !== undefined || options.repository !== undefined;
  if (anybody === limited) {
    const what = limited ? "--anybody excludes --owner and --repository" : "whose work is not said";
    throw usage(what, "say --owner or --repository, or else --anybody");
  }
  const grants = grantsOf(options) ?? {};
  const operator = await session.operator();
  const response = await operator.setAgentGrants({ agent, grants }, session.call);
  session.show(SetAgentGrantsResponseSchema, response, () => [
    visible(`${response.agent?.name ?? agent} takes work of ${grantsText(response.agent?.grants)}.`),
  ]);
}
