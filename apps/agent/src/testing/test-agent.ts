import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Agent } from "../agent.ts";
import type { AgentOptions } from "../agent-options.ts";
import { DEFAULT_LOG_LIMITS } from "../logs/log-limits.ts";
import { createLog } from "../log.ts";
import type { FakeServer } from "./fake-server.ts";

/** A folder that is deleted when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "agent-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** An agent in this process that serves until the test ends, and what it logged. */
export async function startAgent(t: TestContext, server: FakeServer, options: Partial<AgentOptions> = {}) {
  const logged: string[] = [];
  const agent = new Agent({
    server: server.url,
    token: `gce_${"e".repeat(43)}`,
    name: "tester",
    labels: {},
    capacity: 2,
    serves: "build",
    stateDirectory: await temporaryFolder(t),
    drainTimeoutMs: 10_000,
    killGraceMs: 200,
    logLimits: DEFAULT_LOG_LIMITS,
    stepEnv: {},
    backend: { name: "local" },
    log: createLog({ level: "debug", sink: { write: (line) => logged.push(line) } }),
    ...options,
  });
  const ended = agent.run();
  const stopped = ended.catch(() => {});
  server.dependents.push(() => {
    agent.stop();
    return stopped;
  });
  return { agent, ended, logged };
}
