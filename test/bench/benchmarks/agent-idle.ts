import { TokenKind } from "@groundcrew/proto";
import { delay } from "@groundcrew/rpc";
import { launchServer, temporaryFolder, type Owner } from "@groundcrew/testkit/processes";
import { execa } from "execa";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../benchmark.ts";
import { residentMb } from "../measure/proc.ts";
import type { Reading } from "../metric.ts";

const PROGRAM = fileURLToPath(new URL("../../../bin/groundcrew-agent", import.meta.url));

/** Long enough for a health report, which comes every 10 s, in milliseconds. */
const IDLE_MS = 12_000;

/** The memory (VmRSS) of an agent as `bin/groundcrew-agent` starts it, after 12 idle seconds. */
export const agentIdle: Benchmark = { name: "agent_idle_rss_mb", contenders: [idleMemory] };

async function idleMemory(owner: Owner): Promise<Reading[]> {
  const server = await launchServer(owner);
  const { secret } = await server.operator.createToken({ name: "bench", kind: TokenKind.ENROLMENT });
  const stateDir = await temporaryFolder(owner, "agent");
  const agent = execa(PROGRAM, ["--server", server.url, "--name", "bench", "--state-dir", stateDir], {
    env: { GROUNDCREW_AGENT_TOKEN: secret },
    stdio: "ignore",
    reject: false,
  });
  try {
    await delay(IDLE_MS);
    const value = await residentMb(agent.pid ?? 0);
    return [{ name: "agent_idle_rss_mb", system: "groundcrew", value, unit: "MB" }];
  } finally {
    agent.kill("SIGTERM");
    await agent;
  }
}
