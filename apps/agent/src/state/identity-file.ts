import { readFile } from "node:fs/promises";
import { ExitCode, FatalError } from "../exit.ts";
import { writeFileAtomically } from "./atomic-file.ts";

/** Who an agent is to its server. */
export interface AgentIdentity {
  /** The server's URL. */
  server: string;
  agentId: string;
  name: string;
  /** The agent's own credential. Never logged, never given to a step. */
  credential: string;
}

const KEYS = ["server", "agentId", "name", "credential"] as const;

/** Reads the identity; undefined before the first enrolment. Throws a FatalError when it cannot be read. */
export async function readIdentity(path: string): Promise<AgentIdentity | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unreadable(path, error.message);
  });
  return text === undefined ? undefined : parseIdentity(path, text);
}

/** Writes the identity, readable by this user alone, so that it outlives a power cut. */
export async function writeIdentity(path: string, identity: AgentIdentity): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(identity, null, 2)}\n`, { durable: true });
}

/** Throws a FatalError when the state directory belongs to another server or another agent than the settings say. */
export function checkIdentity(
  path: string,
  identity: AgentIdentity,
  settings: { server: string; name?: string | undefined },
): void {
  const { server, name = identity.name } = settings;
  if (identity.server === server && identity.name === name) return;
  const found = `agent ${JSON.stringify(identity.name)} of ${identity.server}`;
  const wanted = `agent ${JSON.stringify(name)} of ${server}`;
  const next = "name another --state-dir, or delete the file to enrol anew";
  throw new FatalError(ExitCode.BAD_SETTINGS, `${path} belongs to ${found}, not to ${wanted}; ${next}`);
}

function parseIdentity(path: string, text: string): AgentIdentity {
  try {
    const identity = JSON.parse(text) as AgentIdentity;
    for (const key of KEYS) if (typeof identity[key] !== "string") throw new Error(`${key} is missing`);
    return identity;
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error));
  }
}

function unreadable(path: string, why: string): FatalError {
  const next = "restore it, or delete it and enrol anew";
  return new FatalError(ExitCode.BAD_SETTINGS, `the agent's identity ${path} cannot be read: ${why}; ${next}`);
}
