import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Log } from "./log.ts";

/** Tried in turn, until one does not fail. */
const COMMANDS: readonly [file: string, ...args: string[]][] = [
  ["systemctl", "poweroff"],
  ["shutdown", "-h", "now"],
];

/** A machine that has not begun to go down by then was asked in vain. */
const TIMEOUT_MS = 30_000;

/** Switches this machine off: `systemctl poweroff`, else `shutdown -h now`, as found in PATH. Throws when neither works. */
export async function powerOff(log: Log, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  for (const [file, ...args] of COMMANDS) {
    try {
      await promisify(execFile)(file, args, { env, timeout: TIMEOUT_MS });
      return log.info({ command: [file, ...args].join(" ") }, "the machine is switching off");
    } catch (error) {
      log.warn({ err: error, command: [file, ...args].join(" ") }, "the machine could not be switched off so");
    }
  }
  throw new Error(
    `the machine cannot be switched off: neither of ${COMMANDS.map(([file]) => file).join(" and ")} worked`,
  );
}
