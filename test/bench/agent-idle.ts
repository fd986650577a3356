import { TokenKind } from "@groundcrew/proto";
import { delay } from "@groundcrew/rpc";
import { launchServer, scoped } from "@groundcrew/testkit/processes";
import { execa } from "execa";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Measurement } from "./metric.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/groundcrew-agent", import.meta.url));

/** Long enough for a health report, which comes every 10 s, in milliseconds. */
const IDLE_MS = 12_000;

/** The memory (VmRSS) of an agent as `bin/groundcrew-agent` starts it, after 12 idle seconds. Linux only. */
export async function agentIdle(repetitions: number): Promise<Measurement> {
  const values = await scoped(async (owner) => {
    const server = await launchServer(owner);
    const megabytes: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      const { secret } = await server.operator.createToken({ name: `bench-${i}`, kind: TokenKind.ENROLMENT });
      megabytes.push(await idleMemory(server.url, secret, `bench-${i}`));
    }
    return megabytes;
  });
  return { name: "agent_idle_rss_mb", unit: "MB", goal: 100, values };
}

async function idleMemory(url: string, token: string, name: string): Promise<number> {
  const stateDir = await mkdtemp(join(tmpdir(), "groundcrew-bench-"));
  const agent = execa(PROGRAM, ["--server", url, "--name", name, "--state-dir", stateDir], {
    env: { GROUNDCREW_AGENT_TOKEN: token },
    stdio: "ignore",
    reject: false,
  });
  try {
    await delay(IDLE_MS);
    return await residentMegabytes(agent.pid);
  } finally {
    agent.kill("SIGTERM");
    await agent;
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function residentMegabytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error("the agent's memory cannot be read from /proc");
  return Number(kilobytes) / 1_000;
}
