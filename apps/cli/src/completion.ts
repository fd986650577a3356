import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import tab from "@bomb.sh/tab/commander";
import type { RootCommand } from "@bomb.sh/tab";
import type { Command } from "commander";
import { readConfig } from "./contexts/config-file.ts";
import { configPath } from "./contexts/config-path.ts";
import type { Io } from "./io.ts";

type Place = Pick<Io, "env" | "cwd" | "home">;

/** Adds `crew completion SHELL`, and the hidden `crew complete -- WORDS` that the shells' scripts call. */
export function addCompletion(program: Command, io: Place, words: readonly string[]): void {
  const root = tab(program, { completionCommandName: "completion" });
  program.commands
    .find((command) => command.name() === "completion")
    ?.summary("what a shell needs to complete crew's words")
    .description("Prints a completion script. For bash: source <(crew completion bash)");
  for (const command of ["submit", "lint", "import"])
    completeFiles(root, command, "file", () => fileNames(io.cwd, words.at(-1) ?? ""));
  completeContexts(root, io);
}

function completeFiles(root: RootCommand, command: string, argument: string, names: () => string[]): void {
  const target = root.commands.get(command)?.arguments.get(argument);
  if (target) target.handler = (complete) => names().forEach((name) => complete(name, ""));
}

function completeContexts(root: RootCommand, io: Place): void {
  const complete = (add: (value: string, description: string) => void): void => {
    for (const [name, { url }] of savedContexts(io)) add(name, url);
  };
  const option = root.options.get("context");
  if (option) option.handler = complete;
  for (const command of ["context use", "context rm"]) {
    const argument = root.commands.get(command)?.arguments.get("name");
    if (argument) argument.handler = complete;
  }
}

// A completion that fails says nothing: the shell is in the middle of the user's line.
function savedContexts(io: Place): [string, { url: string }][] {
  try {
    return Object.entries(readConfig(configPath(io)).contexts);
  } catch {
    return [];
  }
}

function fileNames(cwd: string, typed: string): string[] {
  const folder = typed.endsWith("/") ? typed : dirname(typed);
  try {
    return readdirSync(resolve(cwd, folder), { withFileTypes: true }).map((entry) => {
      const name = folder === "." && !typed.startsWith("./") ? entry.name : join(folder, entry.name);
      return `${typed.startsWith("./") ? "./" : ""}${name}${entry.isDirectory() ? "/" : ""}`;
    });
  } catch {
    return [];
  }
}
