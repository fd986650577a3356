import { SupersededSchema } from "@groundcrew/proto";
import { Code, ConnectError, invalidField } from "@groundcrew/rpc";
import { type Authenticate, type Principal } from "@groundcrew/rpc/server";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import { Coalescer } from "../db/coalesce.ts";
import { hashSecret, PREFIXES } from "./secret.ts";

/** The header in which an agent names its generation. */
export const GENERATION_HEADER = "groundcrew-generation";

/**
 * Finds out who calls, from the bearer token, in the database: a revoked token is refused at its next call. Callers
 * that come while one is looked up, or within `gatherMs` milliseconds (default 0), are looked up together, in a
 * statement that begins after each of them came.
 */
export function authenticator(db: Db, { gatherMs = 0 }: { gatherMs?: number } = {}): Authenticate {
  const agents = new Coalescer<Buffer, AgentRow | undefined>({
    run: async (hashes) => found(hashes, await agentRows(db, hashes)),
    gatherMs,
  });
  const tokens = new Coalescer<Buffer, TokenRow | undefined>({
    run: async (hashes) => found(hashes, await tokenRows(db, hashes)),
    gatherMs,
  });
  return async (header) => {
    const authorization = header.get("authorization");
    if (authorization === null) return { kind: "anonymous" };
    const secret = /^Bearer (\S+)$/i.exec(authorization)?.[1] ?? "";
    const hash = hashSecret(secret);
    const principal = secret.startsWith(PREFIXES.agent)
      ? agentPrincipal(await agents.ask(hash), header.get(GENERATION_HEADER))
      : tokenPrincipal(await tokens.ask(hash));
    if (principal) return principal;
    throw new ConnectError(
      "the credential is unknown, expired or revoked; ask an admin of the server for a new one",
      Code.Unauthenticated,
    );
  };
}

/** The row of each hash, found or not, in the order asked. */
function found<Row extends { hash: Uint8Array | null }>(
  hashes: readonly Buffer[],
  rows: readonly Row[],
): { value: Row | undefined }[] {
  const byHash = new Map(rows.map((row) => [Buffer.from(row.hash ?? []).toString("hex"), row]));
  return hashes.map((hash) => ({ value: byHash.get(hash.toString("hex")) }));
}

type AgentRow = Awaited<ReturnType<typeof agentRows>>[number];

function agentRows(db: Db, hashes: readonly Buffer[]) {
  return db
    .selectFrom("agents")
    .select(["id", "name", "generation", "credential_hash as hash"])
    .where("credential_hash", "=", among(hashes))
    .execute();
}

function agentPrincipal(agent: AgentRow | undefined, generation: string | null): Principal | undefined {
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

type TokenRow = Awaited<ReturnType<typeof tokenRows>>[number];

/** How exact a token's last use is kept, in seconds: to write it at each call would cost more than to look it up. */
const LAST_USED_SECONDS = 60;

async function tokenRows(db: Db, hashes: readonly Buffer[]) {
  return db
    .with("used", (cte) =>
      cte
        .updateTable("tokens")
        .set({ last_used_at: sql<Date>`now()` })
        .where("id", "in", (eb) =>
          eb
            .selectFrom("tokens")
            .select("id")
            .where("hash", "=", among(hashes))
            .where(isValid())
            .where(sql<boolean>`(last_used_at < now() - ${LAST_USED_SECONDS} * interval '1 second') is not false`)
            // Somebody else notes it, or changes the token: nothing waits here, and nothing is to be noted.
            .forUpdate()
            .skipLocked(),
        ),
    )
    .selectFrom("tokens")
    .select(["id", "name", "kind", "role", "hash"])
    .where("hash", "=", among(hashes))
    .where(isValid())
    .execute();
}

function isValid() {
  return sql<boolean>`revoked_at is null and (expires_at is null or expires_at > now())`;
}

// As text: the driver takes an array of buffers for one buffer.
function among(hashes: readonly Buffer[]) {
  const texts = hashes.map((hash) => hash.toString("hex"));
  return sql<Buffer>`any (array(select decode(text, 'hex') from unnest(${texts}::text[]) as text))`;
}

function tokenPrincipal(token: TokenRow | undefined): Principal | undefined {
  if (!token) return undefined;
  return token.kind === "operator" && token.role !== null
    ? { kind: "operator", tokenId: token.id, name: token.name, role: token.role }
    : { kind: "enrolment", tokenId: token.id, name: token.name };
}
