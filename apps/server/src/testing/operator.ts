import { OperatorService } from "@groundcrew/proto";
import { createClient, dial, type Client } from "@groundcrew/rpc";
import { mount, serveGrpc, type OperatorRole } from "@groundcrew/rpc/server";
import type { TestContext } from "node:test";
import type { ServerContext } from "../context.ts";
import { operatorService } from "../operator-service.ts";
import { authenticator } from "../tokens/authenticate.ts";
import { newSecret } from "../tokens/secret.ts";

/** A person at the agents' port of a server with this context, by a token of this role, named `alice`. */
export async function operatorClient(
  t: TestContext,
  context: ServerContext,
  role: OperatorRole,
): Promise<{ client: Client<typeof OperatorService>; url: string }> {
  const { secret, hash } = newSecret("operator");
  await context.db
    .insertInto("tokens")
    .values({ name: "alice", kind: "operator", role, hash, created_by: "test" })
    .execute();
  const server = await serveGrpc({
    listen: { host: "127.0.0.1", port: 0 },
    services: [mount(OperatorService, operatorService(context))],
    authenticate: authenticator(context.db),
  });
  const connection = await dial({ url: server.url, token: secret });
  t.after(async () => {
    connection.close();
    await server.close();
  });
  return { client: createClient(OperatorService, connection.transport), url: server.url };
}
