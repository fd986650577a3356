import { PeerService } from "@groundcrew/proto";
import {
  createClient,
  dial,
  mount,
  serveGrpc,
  type Authenticate,
  type Client,
  type ServiceImpl,
} from "@groundcrew/rpc";
import type { TestContext } from "node:test";
import type { Caller } from "../../agents/caller.ts";

/** Serves some handlers of PeerService to an agent, over real gRPC. Closed after the test. */
export async function peerClient(
  t: TestContext,
  handlers: Partial<ServiceImpl<typeof PeerService>>,
  caller: Caller,
): Promise<Client<typeof PeerService>> {
  const authenticate: Authenticate = () => Promise.resolve({ kind: "agent", ...caller });
  const unserved = PeerService.methods.map(({ localName }) => [localName, () => Promise.reject(new Error("not here"))]);
  const implementation = { ...Object.fromEntries(unserved), ...handlers } as ServiceImpl<typeof PeerService>;
  const server = await serveGrpc({
    listen: { host: "127.0.0.1", port: 0 },
    services: [mount(PeerService, implementation)],
    authenticate,
  });
  const connection = await dial({ url: server.url });
  t.after(async () => {
    connection.close();
    await server.close(0);
  });
  return createClient(PeerService, connection.transport);
}
