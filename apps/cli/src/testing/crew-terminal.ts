import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mainOf, plainEnvironment } from "@groundcrew/testkit/program";
import { shellWord } from "../shell-word.ts";
import { FAKE_TOKEN } from "./fake-server.ts";

/** Why `crew` cannot be run on a terminal here; undefined when it can. */
export function terminalMissing(): string | undefined {
  const { stdout } = spawnSync("script", ["--version"], { encoding: "utf8" });
  return stdout?.includes("util-linux") ? undefined : "needs script (Debian package bsdutils)";
}

/** A `crew` on a real terminal of 80 by 24. */
export interface CrewTerminal {
  /** What the terminal has shown so far. */
  shown(): string;
  /** Resolves once the terminal has shown `text`. */
  showed(text: string): Promise<void>;
  /** Types keys. */
  type(keys: string): void;
  ended: Promise<number | null>;
}

/** Starts the real program on a pseudo-terminal. */
export function startOnTerminal(args: string[], options: { url?: string; env?: Record<string, string> }): CrewTerminal {
  const command = ["stty cols 80 rows 24;", "exec", ...[process.execPath, mainOf("cli"), ...args].map(shellWord)].join(
    " ",
  );
  const child = spawn("script", ["--quiet", "--return", "--echo", "never", "--command", command, "/dev/null"], {
    env: {
      ...plainEnvironment(),
      SHELL: "/bin/sh",
      TERM: "xterm",
      ...(options.url === undefined ? {} : { GROUNDCREW_URL: options.url, GROUNDCREW_TOKEN: FAKE_TOKEN }),
      ...options.env,
    },
    stdio: "pipe",
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  const showed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (shown.includes(text)) resolve();
      };
      child.stdout.on("data", look);
      child.once("close", () => reject(new Error(`crew ended without showing ${text}: ${shown}`)));
      look();
    });
  const ended = once(child, "close").then(([exitCode]) => exitCode as number | null);
  return { shown: () => shown, showed, type: (keys) => child.stdin.write(keys), ended };
}
