import type { Command } from "commander";
import { countOf, withOutput } from "./command.ts";

/** The highest number of a line: 32 bits on the wire. */
const LINES_MAX = 2 ** 32 - 1;

/** Adds the options of `logs`. */
export function withLogs(command: Command): Command {
  return withStep(withOutput(command))
    .option("-f, --follow", "go on until everything has ended")
    .option("--timestamps", "put the time before each line")
    .option("--tail <n>", "only the last lines of each step", countOf(1, LINES_MAX))
    .option("--from <line>", "only from this line of each step on, counted from 1", countOf(1, LINES_MAX))
    .option("--lines <n>", "only so many lines of each step", countOf(1, LINES_MAX));
}

/** Adds the option that picks a step. */
export function withStep(command: Command): Command {
  return command.option("--step <name>", "only steps of this name");
}
