import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { BRIEF_FLAGS, mainOf, plainEnvironment } from "@groundcrew/testkit/program";
import { Condition } from "../condition.ts";
import type { FakeServer } from "./fake-server.ts";

/** How a test runs the agent. */
export interface AgentProcessOptions {
  /** Its own flags. */
  flags?: readonly string[];
  /** Node's flags. Default: those of a program that soon ends. */
  nodeFlags?: readonly string[];
  env?: Record<string, string>;
}

/** The real agent as a process of its own. Killed when the test ends, should it still run. */
export function spawnAgent(server: FakeServer, stateDirectory: string, options: AgentProcessOptions = {}) {
  const { flags = [], nodeFlags = BRIEF_FLAGS, env = {} } = options;
  const always = ["--server", server.url, "--state-dir", stateDirectory, "--kill-grace", "200ms", "--name", "tester"];
  // Tests watch files that a sandbox would keep from steps.
  always.push("--backend", "local");
  const child = spawn(process.execPath, [...nodeFlags, mainOf("agent"), ...always, ...flags], {
    env: {
      ...plainEnvironment(),
      GROUNDCREW_AGENT_TOKEN: `gce_${"e".repeat(43)}`,
      ...env,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const changed = new Condition();
  const logged: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    logged.push(line);
    changed.notify();
  });
  const exited = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  server.dependents.push(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return {
    child,
    exited,
    logged,
    /** Resolves once a log line holds the text. */
    logs: (text: string) => changed.until(() => logged.some((line) => line.includes(text))),
  };
}
