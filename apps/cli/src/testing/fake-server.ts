import { Access, OperatorService } from "@groundcrew/proto";
import { Code, ConnectError, type ServiceImpl } from "@groundcrew/rpc";
import { mount, serveGrpc, type RpcServer } from "@groundcrew/rpc/server";
import type { Authenticate, GrpcServerOptions } from "@groundcrew/rpc/server";

/** The operator token that a fake server knows. */
export const FAKE_TOKEN = "gco_fake-token-of-the-tests-0123456789abcdefghij";

/** What a test wants its server to answer. What it leaves out answers UNIMPLEMENTED. */
export type FakeHandlers = Partial<ServiceImpl<typeof OperatorService>>;

/** A real server on a real port, whose answers are the test's. It insists on {@link FAKE_TOKEN}. */
export function startFakeServer(
  handlers: FakeHandlers,
  options: Pick<Partial<GrpcServerOptions>, "tls" | "listen"> = {},
): Promise<RpcServer> {
  const unimplemented = OperatorService.methods.map(({ localName }) => [
    localName,
    () => {
      throw new ConnectError(`the fake server has no ${localName}`, Code.Unimplemented);
    },
  ]);
  const implementation = { ...Object.fromEntries(unimplemented), whoAmI, ...handlers };
  return serveGrpc({
    listen: { host: "127.0.0.1", port: 0 },
    services: [mount(OperatorService, implementation)],
    authenticate,
    ...options,
  });
}

const whoAmI: FakeHandlers["whoAmI"] = () => ({ name: "ada", role: Access.ADMIN, serverVersion: "9.9.9" });

const authenticate: Authenticate = (header) => {
  if (header.get("authorization") === `Bearer ${FAKE_TOKEN}`) {
    return Promise.resolve({ kind: "operator", tokenId: "t-1", name: "ada", role: "admin" });
  }
  throw new ConnectError("the token is unknown, expired or revoked", Code.Unauthenticated);
};
