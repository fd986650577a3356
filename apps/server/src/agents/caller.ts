import { Code, ConnectError, invalidField, type HandlerContext } from "@groundcrew/rpc";
import { principalOf } from "@groundcrew/rpc/server";
import { GENERATION_HEADER } from "../tokens/authenticate.ts";

/** The agent that makes a call, and the generation its process was given. */
export interface Caller {
  agentId: string;
  name: string;
  generation: string;
}

/** The agent that makes this call. Throws when the call carries no generation. */
export function callerOf(context: HandlerContext): Caller {
  const principal = principalOf(context);
  if (principal.kind !== "agent") throw new ConnectError("only an agent may call this", Code.PermissionDenied);
  if (principal.generation === "") throw invalidField(GENERATION_HEADER, "", "the generation from RegisterAgent");
  const { agentId, name, generation } = principal;
  return { agentId, name, generation };
}
