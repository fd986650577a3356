import type { SessionService } from "@groundcrew/proto";
import { Code, ConnectError, type ServiceImpl } from "@groundcrew/rpc";

/** Sessions and channels are part of the contract; this server answers agents that try them to use the calls. */
export const sessionService: ServiceImpl<typeof SessionService> = {
  session: () => refuse("sessions"),
  channel: () => refuse("channels"),
};

// An async iterable that fails at its first step: what a streaming handler that refuses looks like.
async function* refuse(what: string): AsyncGenerator<never> {
  yield await Promise.reject(
    new ConnectError(`this server has no ${what}; use PeerService's calls`, Code.Unimplemented),
  );
}
