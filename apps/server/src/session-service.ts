import type { SessionService } from "@groundcrew/proto";
import { Code, ConnectError, type ServiceImpl } from "@groundcrew/rpc";
import type { GuardedService } from "@groundcrew/rpc/server";
import { Sessions, type SessionsContext } from "./sessions/sessions.ts";

/** The streams that agents open. `peer` is PeerService behind its guard: sessions carry its calls. */
export function sessionService(context: SessionsContext, peer: GuardedService): ServiceImpl<typeof SessionService> {
  const sessions = new Sessions(context, peer);
  return { session: (requests, call) => sessions.serve(requests, call), channel: () => refuse("channels") };
}

// An async iterable that fails at its first step: what a streaming handler that refuses looks like.
async function* refuse(what: string): AsyncGenerator<never> {
  yield await Promise.reject(new ConnectError(`this server has no ${what}`, Code.Unimplemented));
}
