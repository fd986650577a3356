import type { MessageInitShape } from "@bufbuild/protobuf";
import { Access, type WhoAmIResponseSchema } from "@groundcrew/proto";
import { type HandlerContext } from "@groundcrew/rpc";
import { principalOf } from "@groundcrew/rpc/server";
import type { ServerContext } from "../context.ts";
import { SERVER_VERSION } from "../version.ts";
import { ROLES } from "./token-message.ts";

/** Who calls, and what server this is. */
export function whoAmI(
  { agentUrl, fingerprint }: Pick<ServerContext, "agentUrl" | "fingerprint">,
  call: HandlerContext,
): MessageInitShape<typeof WhoAmIResponseSchema> {
  const principal = principalOf(call);
  return {
    name: principal.kind === "anonymous" ? "" : principal.name,
    role: principal.kind === "operator" ? ROLES[principal.role] : Access.UNSPECIFIED,
    serverVersion: SERVER_VERSION,
    certificateFingerprint: fingerprint,
    agentUrl: agentUrl ?? dialledUrl(call, fingerprint !== ""),
  };
}

/** The address that the caller dialled; empty when that is not where agents are served, or not known. */
function dialledUrl({ protocolName, requestHeader }: HandlerContext, secure: boolean): string {
  const host = requestHeader.get("host");
  return protocolName !== "grpc" || host === null ? "" : `${secure ? "https" : "http"}://${host}`;
}
