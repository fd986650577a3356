import type { Setting } from "./setting.ts";

/** Settings by the name that the code uses; people see the flag. */
export type Settings = Record<string, Setting<unknown>>;

/** What the settings become once read. */
export type ValuesOf<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/** Something else that the program does, named by its first argument; it also takes the program's own settings. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly settings?: Settings;
}

export interface Program<S extends Settings = Settings, C extends readonly Command[] = readonly Command[]> {
  readonly name: string;
  /** One sentence: what it does. */
  readonly summary: string;
  readonly version: string;
  /** Environment variable that names the configuration file, like `--config`. */
  readonly configEnv?: string;
  readonly settings: S;
  readonly commands?: C;
  /** Lines to paste, shown at the end of `--help`. */
  readonly examples?: readonly string[];
  /** What each exit code means, for `--help`. */
  readonly exitCodes?: Readonly<Record<number, string>>;
}

/** Flags that every program has. */
const reservedFlags = ["help", "version", "config"] as const;

/** Checks a program's own definition and keeps its types. Throws on a malformed or repeated flag. */
export function defineProgram<const S extends Settings, const C extends readonly Command[] = readonly []>(
  program: Program<S, C>,
): Program<S, C> {
  checkFlags(program.name, program.settings);
  for (const command of program.commands ?? []) {
    checkFlags(`${program.name} ${command.name}`, { ...command.settings, ...program.settings });
  }
  return program;
}

function checkFlags(owner: string, settings: Settings): void {
  const seen = new Set<string>(reservedFlags);
  for (const setting of Object.values(settings)) {
    const key = keyOf(setting);
    if (!/^--[a-z][a-z0-9-]*( <[^<>]+>)?$/.test(setting.flag))
      throw new Error(`${owner}: malformed flag "${setting.flag}"`);
    if (seen.has(key)) throw new Error(`${owner}: --${key} is defined twice`);
    seen.add(key);
  }
}

/** The name without dashes or placeholder: `listen`. It is the key in a configuration file, too. */
export function keyOf(setting: Setting<unknown>): string {
  return setting.flag.slice(2).split(" ", 1)[0] ?? "";
}

/** Whether the flag is followed by a value. */
export function takesValue(setting: Setting<unknown>): boolean {
  return setting.flag.includes(" ");
}
