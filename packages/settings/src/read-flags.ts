import { parseArgs } from "node:util";
import type { Given } from "./given.ts";
import type { Command, Program, Settings } from "./program.ts";
import { keyOf, takesValue } from "./program.ts";

/** What the command line says. Keys are those of `keyOf`. */
export interface Flags {
  readonly help: boolean;
  readonly version: boolean;
  readonly config: string | undefined;
  readonly command: Command | undefined;
  /** The settings that this command takes. */
  readonly settings: Settings;
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly string[];
}

type Token = NonNullable<ReturnType<typeof tokenize>>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/** Reads all of `argv` and collects what is wrong with it, rather than stopping at the first problem. */
export function readFlags(program: Program, argv: readonly string[]): Flags {
  const everySetting = [program, ...(program.commands ?? [])].flatMap((one) => Object.values(one.settings ?? {}));
  const valued = new Set(["config", ...everySetting.filter(takesValue).map(keyOf)]);
  const tokens = tokenize(argv, valued);
  const words = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  const command = program.commands?.find((one) => one.name === words[0]);
  const settings = { ...program.settings, ...command?.settings };
  const options = tokens.filter((token) => token.kind === "option");
  const known = new Set(["help", "version", "config", ...Object.values(settings).map(keyOf)]);
  return {
    help: options.some((option) => option.name === "help"),
    version: options.some((option) => option.name === "version"),
    config: options.findLast((option) => option.name === "config")?.value,
    command,
    settings,
    given: collect(options.filter((option) => !lacksValue(option, valued))),
    problems: [
      ...wordProblems(program, words.slice(command === undefined ? 0 : 1)),
      ...options.flatMap((option) => optionProblem(option, known, valued)),
    ],
  };
}

function tokenize(argv: readonly string[], valued: ReadonlySet<string>) {
  const options = Object.fromEntries([...valued].map((name) => [name, { type: "string" as const }]));
  const help = { type: "boolean" as const, short: "h" };
  return parseArgs({ args: [...argv], options: { ...options, help }, strict: false, tokens: true }).tokens;
}

function collect(options: readonly OptionToken[]): Map<string, Given> {
  const given = new Map<string, Given>();
  for (const option of options) {
    const texts = given.get(option.name)?.texts ?? [];
    given.set(option.name, { source: "flag", where: "the command line", texts: [...texts, option.value ?? "true"] });
  }
  return given;
}

function optionProblem(option: OptionToken, known: ReadonlySet<string>, valued: ReadonlySet<string>): string[] {
  if (!known.has(option.name)) return [`${option.rawName}: there is no such flag`];
  return lacksValue(option, valued) ? [`${option.rawName}: expected a value after it`] : [];
}

/** `--token --name x` more likely forgot the token than has one that starts with dashes; `--token=--x` says it. */
function lacksValue({ name, value, inlineValue }: OptionToken, valued: ReadonlySet<string>): boolean {
  return valued.has(name) && (value === undefined || (!inlineValue && value.startsWith("--")));
}

function wordProblems(program: Program, words: readonly string[]): string[] {
  const names = program.commands?.map((command) => command.name) ?? [];
  const expected = names.length === 0 ? "expected flags only" : `expected one command: ${names.join(", ")}`;
  return words.map((word) => `"${word}": ${expected}`);
}
