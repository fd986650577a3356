import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { ExitCode, FatalError } from "../exit.ts";
import type { AgentIds } from "../log.ts";
import { checkIdentity, readIdentity, writeIdentity, type AgentIdentity } from "./identity-file.ts";

/** Who an agent is to be, as its settings say. */
export interface CredentialOptions {
  /** Where the identity is kept. */
  file: string;
  /** The server's URL. */
  server: string;
  /** The agent's name. Default: the enrolled one, or else made of the host name. */
  name?: string | undefined;
  /** Enrols it the first time. */
  token?: string | undefined;
}

/** The credential an agent shows: its enrolment token first, its own credential for ever after. */
export class Credentials {
  readonly name: string;
  readonly #options: CredentialOptions;
  #identity: AgentIdentity | undefined;

  private constructor(options: CredentialOptions, identity: AgentIdentity | undefined) {
    this.#options = options;
    this.#identity = identity;
    this.name = options.name ?? identity?.name ?? defaultName(hostname());
  }

  /** Reads the identity. Throws a FatalError when it is another's, or when there is neither identity nor token. */
  static async load(options: CredentialOptions): Promise<Credentials> {
    const identity = await readIdentity(options.file);
    if (identity) checkIdentity(options.file, identity, options);
    else if (options.token === undefined) throw notEnrolled();
    return new Credentials(options, identity);
  }

  /** Who this agent is, as far as it knows. */
  get ids(): AgentIds {
    return { agent: this.name, ...(this.#identity && { agentId: this.#identity.agentId }) };
  }

  /** What to send as the bearer token now. */
  get token(): string | undefined {
    return this.#identity?.credential ?? this.#options.token;
  }

  /** Deletes the identity: the server has ended it. */
  async forget(): Promise<void> {
    await rm(this.#options.file, { force: true });
  }

  /** Keeps what the server answered to the enrolment. Throws a FatalError when there is nothing to keep. */
  async enrolled({ agentId, credential }: { agentId: string; credential: string }): Promise<void> {
    if (credential === "") {
      if (this.#identity) return;
      throw new FatalError(
        ExitCode.FAULT,
        "the server enrolled this agent but told no credential; reset it and enrol it anew",
      );
    }
    this.#identity = { server: this.#options.server, agentId, name: this.name, credential };
    await writeIdentity(this.#options.file, this.#identity);
  }
}

/** A valid agent name made of a host name. */
export function defaultName(host: string): string {
  const name = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 63);
  return name === "" ? "agent" : name;
}

function notEnrolled(): FatalError {
  const next =
    "make an enrolment token with `crew agents enroll` and set --token, --token-file or GROUNDCREW_AGENT_TOKEN";
  return new FatalError(ExitCode.BAD_SETTINGS, `this agent is not enrolled yet, and there is no token: ${next}`);
}
