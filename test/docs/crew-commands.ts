import { addCompletion } from "../../apps/cli/src/completion.ts";
import { createProgram, walk } from "../../apps/cli/src/program.ts";

type Command = ReturnType<typeof createProgram>;

const program = createProgram(() => () => Promise.resolve());
addCompletion(program, { env: {}, cwd: "/", home: "/" }, []);

/** Every option of every command. */
export function crewFlags(): Set<string> {
  const flags = new Set(["--help"]);
  walk(program, (command) => flagsOf(command).forEach((flag) => flags.add(flag)));
  return flags;
}

/** What is wrong with the crew commands in a line that people are told to type. */
export function misuseOfCrew(line: string): string[] {
  return [...line.matchAll(/(?:^|[\s(/])crew((?: +[^\s|>;&()]+)*)/g)].flatMap(([, words = ""]) =>
    misuse(words.trim().split(/ +/).filter(Boolean)),
  );
}

function misuse(words: readonly string[]): string[] {
  const { command, rest } = resolve(program, words);
  const [next] = rest;
  const path = words.slice(0, words.length - rest.length).join(" ");
  if (command.commands.length > 0 && next !== undefined && !next.startsWith("-") && !isElided(next)) {
    return [`crew ${path}: there is no ${next}`];
  }
  const known = new Set([...flagsOf(command), ...flagsOf(program), "--help", "-h"]);
  return rest
    .filter((word) => /^--?[a-z]/.test(word) && !known.has(word.replace(/=.*/, "")))
    .map((flag) => `crew ${path}: there is no ${flag}`);
}

// `crew` in a sentence of a message, or a placeholder for any command.
function isElided(word: string): boolean {
  return word === "…" || word.startsWith("<") || word === word.toUpperCase();
}

function resolve(command: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const child = command.commands.find((each) => [each.name(), ...each.aliases()].includes(words[0] ?? ""));
  return child ? resolve(child, words.slice(1)) : { command, rest: words };
}

function flagsOf({ options }: Command): string[] {
  return options.flatMap(({ short, long }) => [short, long]).filter((flag) => flag !== undefined);
}
