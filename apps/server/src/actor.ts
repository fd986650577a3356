import { type HandlerContext } from "@groundcrew/rpc";
import { principalOf } from "@groundcrew/rpc/server";

/** Who makes a call, by name, as the history keeps it. */
export function actorOf(call: HandlerContext): string {
  const principal = principalOf(call);
  return principal.kind === "anonymous" ? "anonymous" : principal.name;
}
