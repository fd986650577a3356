import { messageOf, type Given } from "./given.ts";
import { helpText } from "./help-text.ts";
import { keyOf, type Command, type Program, type Settings, type ValuesOf } from "./program.ts";
import { readEnvironment, type Environment } from "./read-environment.ts";
import { readFile } from "./read-file.ts";
import { readFlags, type Flags } from "./read-flags.ts";
import type { Setting } from "./setting.ts";

/** Where a value came from. */
export type Source = Given["source"] | "default";

type Run<S extends Settings, Name> = {
  readonly kind: "run";
  readonly command: Name;
  readonly values: ValuesOf<S>;
  readonly sources: { readonly [K in keyof S]: Source };
};

type CommandRun<S extends Settings, C> = C extends Command
  ? Run<S & (C["settings"] extends Settings ? C["settings"] : {}), C["name"]>
  : never;

/**
 * What to do. `help` and `version` go to standard output, exit 0; `error` goes to standard error, exit 2.
 * `command` is undefined for the program's main work.
 */
export type Loaded<S extends Settings, C extends readonly Command[]> =
  | { readonly kind: "help" | "version"; readonly text: string }
  | { readonly kind: "error"; readonly message: string }
  | Run<S, undefined>
  | CommandRun<S, C[number]>;

/**
 * Reads a program's settings: a flag wins over the environment, that over the configuration file, that over the
 * default. Reports everything that is wrong at once. Reads `argv` (without node and script) and `env`, nothing else
 * but the file that they name.
 */
export function loadProgram<S extends Settings, C extends readonly Command[]>(
  program: Program<S, C>,
  input: { readonly argv: readonly string[]; readonly env: Environment },
): Loaded<S, C> {
  const flags = readFlags(program, input.argv);
  if (flags.help) return { kind: "help", text: helpText(program) };
  if (flags.version) return { kind: "version", text: `${program.name} ${program.version}\n` };
  const { values, sources, problems } = resolve(program, flags, input.env);
  if (problems.length > 0) return { kind: "error", message: errorText(program, problems) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types follow the definition, which was walked
  return { kind: "run", command: flags.command?.name, values, sources } as Loaded<S, C>;
}

function resolve(program: Program, flags: Flags, env: Environment) {
  const path = flags.config ?? (program.configEnv === undefined ? undefined : env[program.configEnv] || undefined);
  const environment = readEnvironment(flags.settings, env);
  const file = path === undefined ? undefined : readFile(everySetting(program), path);
  const problems = [...flags.problems, ...(file?.problems ?? [])];
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [name, setting] of Object.entries(flags.settings)) {
    const key = keyOf(setting);
    const given = flags.given.get(key) ?? environment.given.get(key) ?? file?.given.get(key);
    sources[name] = given?.source ?? "default";
    try {
      values[name] = valueOf(setting, given);
    } catch (error) {
      problems.push(`--${key}: ${messageOf(error)}`);
    }
  }
  return { values, sources, problems };
}

/** A file may serve all commands of a program, so it may hold the settings of any. */
function everySetting(program: Program): Settings {
  return Object.assign({}, program.settings, ...(program.commands ?? []).map((command) => command.settings));
}

function valueOf(setting: Setting<unknown>, given: Given | undefined): unknown {
  if (given === undefined) {
    if (setting.required)
      throw new Error(`is required: set the flag ${setting.flag}${setting.env ? ` or ${setting.env}` : ""}`);
    return setting.default;
  }
  if (setting.merge === undefined && given.source === "file" && given.texts.length > 1) {
    throw new Error(`${given.texts.length} values from ${given.where}: expected one`);
  }
  const values = given.texts.map((text) => parseGiven(setting, given, text));
  return setting.merge === undefined ? values.at(-1) : setting.merge(values);
}

function parseGiven(setting: Setting<unknown>, given: Given, text: string): unknown {
  try {
    return setting.parse(text);
  } catch (error) {
    const shown = setting.secret ? "a value that is kept secret" : `"${text}"`;
    throw new Error(`${shown} from ${given.where}: ${messageOf(error)}`, { cause: error });
  }
}

function errorText(program: Program, problems: readonly string[]): string {
  const lines = problems.map((problem) => `  ${problem}\n`).join("");
  const count = problems.length === 1 ? "a setting is wrong" : `${problems.length} settings are wrong`;
  return `${program.name}: ${count}\n${lines}Try \`${program.name} --help\` for what can be set.\n`;
}
