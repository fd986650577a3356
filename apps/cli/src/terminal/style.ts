import { styleText } from "node:util";

/** How text may look on one output. */
export interface Style {
  /** Whether colour escapes may be written. */
  readonly colour: boolean;
  /** Whether symbols outside ASCII may be written. */
  readonly unicode: boolean;
}

/** A named look. The words are those of `util.styleText`. */
export type Paint = "green" | "red" | "yellow" | "blue" | "cyan" | "magenta" | "dim" | "bold" | "none";

type Environment = Readonly<Record<string, string | undefined>>;

/** Neither colour nor symbols: what files and old terminals get. */
export const plainStyle: Style = { colour: false, unicode: false };

/** Gives `text` its look, or leaves it alone where colour is off. */
export function paint(style: Style, look: Paint, text: string): string {
  if (!style.colour || look === "none" || text === "") return text;
  return styleText(look, text, { validateStream: false });
}

/**
 * Decides whether an output gets colour: `--no-color` and NO_COLOR forbid it, CLICOLOR_FORCE demands it, and otherwise
 * it needs a terminal that is not TERM=dumb and no CLICOLOR=0. See https://no-color.org and https://bixense.com/clicolors.
 */
export function wantsColour(options: { env: Environment; isTty: boolean; noColour: boolean }): boolean {
  const { env, isTty, noColour } = options;
  if (noColour || (env["NO_COLOR"] ?? "") !== "") return false;
  if (!["", "0"].includes(env["CLICOLOR_FORCE"] ?? "")) return true;
  return isTty && env["TERM"] !== "dumb" && env["CLICOLOR"] !== "0";
}

/** Decides whether symbols outside ASCII can be shown: not on dumb terminals, nor in a locale that says otherwise. */
export function wantsUnicode(env: Environment): boolean {
  if (env["TERM"] === "dumb" || env["TERM"] === "linux") return false;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "UTF-8";
  return /utf-?8/i.test(locale);
}
