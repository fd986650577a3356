import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { Account } from "./account.ts";

/** How a process ended: one of the two is set. */
export interface Exit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A server process of Postgres, started by us. */
export interface Postmaster {
  /** Resolves when it accepts connections; rejects with its last words if it ends first. */
  readonly ready: Promise<void>;
  readonly exited: Promise<Exit>;
  kill(signal: "SIGINT" | "SIGQUIT"): void;
}

/** Its words, with `lc_messages=C`. */
const READY = /database system is ready to accept connections/;

/** How many of its last lines an error repeats. */
const LAST_WORDS = 12;

/** From util-linux, which every Debian has: Postgres then does not outlive us on Linux, not even after a kill -9. */
const SETPRIV = "/usr/bin/setpriv";

/**
 * Starts a server process. It has a session of its own, so that a Ctrl-C at the terminal reaches us alone and we stop
 * it when we are done with it.
 */
export function startPostmaster(options: {
  postgres: string;
  account: Account;
  dataDir: string;
  settings: Readonly<Record<string, string>>;
  log: (line: string) => void;
}): Postmaster {
  const settings = Object.entries(options.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = [...dieWithParent(), options.postgres, "-D", options.dataDir, ...settings];
  const child = execa(command[0] ?? "", command.slice(1), {
    ...options.account.switchTo,
    buffer: false,
    cwd: "/",
    detached: true,
    env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
    extendEnv: false,
    reject: false,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = child.then((result): Exit => ({ code: result.exitCode, signal: result.signal }));
  return { ready: watch(child.stderr, exited, options.log), exited, kill: (signal) => void child.kill(signal) };
}

function dieWithParent(): string[] {
  return process.platform === "linux" && existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig=INT", "--"] : [];
}

function watch(stderr: NodeJS.ReadableStream, exited: Promise<Exit>, log: (line: string) => void): Promise<void> {
  const words: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: stderr }).on("line", (line) => {
      log(line);
      words.push(line);
      if (words.length > LAST_WORDS) words.shift();
      if (READY.test(line)) resolve();
    });
    void exited.then(({ code, signal }) => {
      reject(new Error(`it ended with ${signal ?? `exit code ${code}`}:\n${words.join("\n")}`));
    });
  });
}
