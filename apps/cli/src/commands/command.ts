import { InvalidArgumentError, Option, type Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import { usage } from "../failure.ts";
import type { Session } from "../session.ts";
import { parseDuration } from "../terminal/duration.ts";

/**
 * What a command does. It gets its options and then its arguments as commander parsed them; the declaration beside it
 * says what they are.
 */
export type Handler<Options, Args extends unknown[]> = (
  session: Session,
  options: Options,
  ...args: Args
) => Promise<ExitCode | void>;

/** Makes a commander action of a handler: opens its session, closes it, and keeps the exit code. */
export type Run = <Options, Args extends unknown[]>(
  handler: Handler<Options, Args>,
) => (this: Command) => Promise<void>;

const examples = new WeakMap<Command, readonly string[]>();

/** Gives a command examples, for its help and the reference page. */
export function withExamples(command: Command, lines: readonly string[]): Command {
  examples.set(command, lines);
  return command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** The examples of a command. */
export function examplesOf(command: Command): readonly string[] {
  return examples.get(command) ?? [];
}

/** A command as it is typed: `crew pipelines ls`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

const listings = new WeakMap<Command, string>();

/** Says which command lists what this one is about, where that is not the `ls` beside it. */
export function withListing(command: Command, listing: string): Command {
  listings.set(command, listing);
  return command;
}

/** The command that lists what this one is about, if there is one: `crew pipelines ls`. */
export function listingOf(command: Command): string | undefined {
  const beside = command.parent?.commands.find((each) => each.name() === "ls");
  return listings.get(command) ?? (beside && pathOf(beside));
}

/** Adds `-o`: what the command prints. */
export function withOutput(command: Command): Command {
  const option = new Option("-o, --output <format>", "a table for people, or the response as JSON");
  return command.addOption(option.choices(["table", "json"]).default("table"));
}

/** Adds `-o` and `--limit`. */
export function withList(command: Command): Command {
  return withOutput(command).option("--limit <n>", "how many to show at most", countOf(1, 1_000_000), 50);
}

/** A parser of the ids of what `crew <noun> ls` lists. */
export function idOf(
  noun: "pipelines" | "workflows" | "vet" | "vet batch" | "artifacts" | "caches" | "reflectors",
): (text: string) => string {
  return (text) => {
    const id = text.replace(/^#/, "");
    if (/^[1-9]\d{0,18}$/.test(id)) return id;
    throw usage(
      `the id is ${text === "" ? "empty" : text}, expected a number, such as 12`,
      `list what exists: crew ${noun} ls`,
    );
  };
}

/** A duration, in milliseconds. */
export function parseMs(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(`${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** A parser of whole numbers in a range. */
export function countOf(min: number, max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= min && count <= max) return count;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}
