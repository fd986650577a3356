import { type Backend, openBackend, withQuota } from "@groundcrew/engine";
import type { AgentOptions } from "../agent-options.ts";
import { ExitCode, FatalError } from "../exit.ts";
import type { Log } from "../log.ts";

/** The backend that builds run on, with what it cannot promise logged. Throws a FatalError where it does not work. */
export async function openAgentBackend(options: AgentOptions, log: Log): Promise<Backend> {
  const { backend: wanted, stateDirectory, privateFiles = [], workspaceMaxBytes = 0 } = options;
  try {
    const hiddenPaths = [stateDirectory, ...privateFiles];
    // Steps of a vetting agent are stages, which run on the machine as it is.
    const name = options.serves === "vetting" ? "local" : wanted.name;
    const container = { ...wanted.container, owner: stateDirectory };
    const backend = await openBackend({ ...wanted, name, container, hiddenPaths });
    log.info({ backend: backend.name, limits: backend.limits }, "how steps run");
    return workspaceMaxBytes > 0 ? withQuota(backend, { maxBytes: workspaceMaxBytes }) : backend;
  } catch (error) {
    throw new FatalError(ExitCode.BAD_SETTINGS, error instanceof Error ? error.message : String(error));
  }
}
