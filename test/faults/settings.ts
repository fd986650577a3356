import { isTrouble, type Trouble } from "./schedule.ts";

/** What to play, as the environment says. */
export interface FaultSettings {
  /** In this order. */
  seeds: readonly number[];
  /** Kinds of trouble to make more of. */
  more: readonly Trouble[];
  /** Ends with the first seed that broke one of these invariants, and takes no notice of others. Empty: all count. */
  until: readonly string[];
  /** Also keeps what is known of seeds that broke nothing. */
  keep: boolean;
}

const SEEDS = 20;

/** Reads SEED (one, or several with commas) or SEEDS and FIRST, MORE, UNTIL and KEEP. Throws for what is none. */
export function readSettings(env: NodeJS.ProcessEnv): FaultSettings {
  const more = wordsOf(env["MORE"]);
  const unknown = more.filter((word) => !isTrouble(word));
  if (unknown.length > 0) throw new Error(`MORE names ${unknown.join(", ")}, which is no kind of trouble`);
  return { seeds: seedsOf(env), more: more.filter(isTrouble), until: wordsOf(env["UNTIL"]), keep: env["KEEP"] === "1" };
}

/** The command that plays a seed again. */
export function commandOf(seed: number, { more }: Pick<FaultSettings, "more">): string {
  return `make faults SEED=${seed}${more.length > 0 ? ` MORE=${more.join(",")}` : ""}`;
}

function seedsOf(env: NodeJS.ProcessEnv): number[] {
  if (env["SEED"]) return wordsOf(env["SEED"]).map((word) => wholeNumber("SEED", word));
  const count = wholeNumber("SEEDS", env["SEEDS"] || String(SEEDS));
  const first = wholeNumber("FIRST", env["FIRST"] || "1");
  return Array.from({ length: count }, (_, index) => first + index);
}

function wordsOf(text = ""): string[] {
  return text.split(",").filter(Boolean);
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} is ${JSON.stringify(text)}, expected a whole number`);
  return Number(text);
}
