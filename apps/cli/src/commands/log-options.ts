import type { Command } from "commander";
import { withOutput } from "./command.ts";

/** Adds the options of `logs`. */
export function withLogs(command: Command): Command {
  return withOutput(command)
    .option("-f, --follow", "go on until everything has ended")
    .option("--step <name>", "only steps of this name")
    .option("--timestamps", "put the time before each line");
}
