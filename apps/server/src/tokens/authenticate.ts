import { SupersededSchema } from "@groundcrew/proto";
import { Code, ConnectError, invalidField } from "@groundcrew/rpc";
import { type Authenticate, type Principal } from "@groundcrew/rpc/server";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import { hashSecret, PREFIXES } from "./secret.ts";

/** The header in which an agent names its generation. */
export const GENERATION_HEADER = "groundcrew-generation";

/** Finds out who calls, from the bearer token, in the database: a revoked token is refused at its next call. */
export function authenticator(db: Db): Authenticate {
  return async (header) => {
    const authorization = header.get("authorization");
    if (authorization === null) return { kind: "anonymous" };
    const secret = /^Bearer (\S+)$/i.exec(authorization)?.[1] ?? "";
    const principal = secret.startsWith(PREFIXES.agent)
      ? await findAgent(db, secret, header.get(GENERATION_HEADER))
      : await findToken(db, secret);
    if (principal) return principal;
    throw new ConnectError(
      "the credential is unknown, expired or revoked; ask an admin of the server for a new one",
      Code.Unauthenticated,
    );
  };
}

async function findAgent(db: Db, secret: string, generation: string | null): Promise<Principal | undefined> {
  const agent = await db
    .selectFrom("agents")
    .select(["id", "name", "generation"])
    .where("credential_hash", "=", hashSecret(secret))
    .executeTakeFirst();
  if (!agent) return undefined;
  if (generation !== null) checkGeneration(generation, agent.generation);
  return { kind: "agent", agentId: agent.id, name: agent.name, generation: generation ?? "" };
}

function checkGeneration(sent: string, newest: string): void {
  if (!/^[0-9]{1,18}$/.test(sent)) throw invalidField(GENERATION_HEADER, sent, "the generation from RegisterAgent");
  if (sent !== newest) throw superseded(sent, newest);
}

/** ABORTED with the typed detail on which a process exits and does not come back. */
export function superseded(generation: string, newest: string): ConnectError {
  const message = "a newer process registered as this agent; this one must exit";
  return new ConnectError(message, Code.Aborted, undefined, [
    { desc: SupersededSchema, value: { generation, newest } },
  ]);
}

async function findToken(db: Db, secret: string): Promise<Principal | undefined> {
  const token = await db
    .updateTable("tokens")
    .set({ last_used_at: sql<Date>`now()` })
    .where("hash", "=", hashSecret(secret))
    .where("revoked_at", "is", null)
    .where((eb) => eb.or([eb("expires_at", "is", null), eb("expires_at", ">", sql<Date>`now()`)]))
    .returning(["id", "name", "kind", "role"])
    .executeTakeFirst();
  if (!token) return undefined;
  return token.kind === "operator" && token.role !== null
    ? { kind: "operator", tokenId: token.id, name: token.name, role: token.role }
    : { kind: "enrolment", tokenId: token.id, name: token.name };
}
