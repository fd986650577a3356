import { Command } from "commander";
import { addAgents } from "./commands/agents.ts";
import { addArtifacts } from "./commands/artifacts.ts";
import { addCaches } from "./commands/caches.ts";
import { parseMs, type Run } from "./commands/command.ts";
import { addApprovals } from "./commands/approvals.ts";
import { addContext } from "./commands/context.ts";
import { addExplain } from "./commands/explain.ts";
import { addHelp } from "./commands/help.ts";
import { addImport } from "./commands/import.ts";
import { addLint } from "./commands/lint.ts";
import { addLogin } from "./commands/login.ts";
import { addLogs } from "./commands/logs.ts";
import { addReflectors } from "./commands/reflectors.ts";
import { addMachines } from "./commands/machines.ts";
import { addPipelines } from "./commands/pipelines.ts";
import { addQueue } from "./commands/queue.ts";
import { addRun } from "./commands/run.ts";
import { addSecrets } from "./commands/secrets.ts";
import { addSubmit } from "./commands/submit.ts";
import { addTests } from "./commands/tests.ts";
import { addTokens } from "./commands/tokens.ts";
import { addVersion } from "./commands/version.ts";
import { addVet } from "./commands/vet.ts";
import { addWorkflows } from "./commands/workflows.ts";
import { topics } from "./help/topics.ts";
import { crewVersion } from "./version.ts";

/** The deadline of a call, in milliseconds, unless `--timeout` says otherwise. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * The one command tree: it parses, it completes, it explains itself, and the reference page is made of it. `run` makes
 * actions of what the commands do.
 */
export function createProgram(run: Run): Command {
  const program = new Command("crew")
    .description("Groundcrew's command line: run pipelines on your machines, vet hardware, see what happens.")
    .version(crewVersion, "-V, --version", "print the version of crew")
    .option("--context <name>", "the server to talk to, by the name of its context")
    .option("--url <url>", "the server to talk to, by its address")
    .option("--timeout <duration>", "how long to wait for an answer (default: 30s)", parseMs)
    .option("--no-color", "do without colour");
  program.commandsGroup("Work:");
  addSubmit(program, run);
  addRun(program, run);
  addLint(program, run);
  addImport(program, run);
  addPipelines(program, run);
  addWorkflows(program, run);
  addTests(program, run);
  addArtifacts(program, run);
  addCaches(program, run);
  addLogs(program, run);
  addExplain(program, run);
  addApprovals(program, run);
  addQueue(program, run);
  addVet(program, run);
  program.commandsGroup("Machines:");
  addAgents(program, run);
  addMachines(program, run);
  addReflectors(program, run);
  program.commandsGroup("Access:");
  addLogin(program, run);
  addContext(program, run);
  addTokens(program, run);
  addSecrets(program, run);
  program.commandsGroup("More:");
  addVersion(program, run);
  addHelp(program, run);
  return program.addHelpText("after", `\nTopics:\n${topicLines().join("\n")}`);
}

function topicLines(): string[] {
  const width = Math.max(...topics.map(({ name }) => name.length));
  return topics.map(({ name, summary }) => `  crew help ${name.padEnd(width)}  ${summary}`);
}

/** Calls `visit` with a command and everything below it. */
export function walk(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) walk(child, visit);
}
