import { PeerService } from "@groundcrew/proto";
import { createClient, dial, type Client } from "@groundcrew/rpc";
import { mount, serveGrpc, type Authenticate } from "@groundcrew/rpc/server";
import type { TestContext } from "node:test";
import type { Caller } from "../../agents/caller.ts";
import type { ServerContext } from "../../context.ts";
import { peerService } from "../../peer-service.ts";

/** An agent at the port of a server with this context. Closed after the test. */
export async function peerClient(
  t: TestContext,
  context: ServerContext,
  caller: Caller,
): Promise<Client<typeof PeerService>> {
  const authenticate: Authenticate = () => Promise.resolve({ kind: "agent", ...caller });
  const server = await serveGrpc({
    listen: { host: "127.0.0.1", port: 0 },
    services: [mount(PeerService, peerService(context))],
    authenticate,
  });
  const connection = await dial({ url: server.url });
  t.after(async () => {
    connection.close();
    await server.close(0);
  });
  return createClient(PeerService, connection.transport);
}
