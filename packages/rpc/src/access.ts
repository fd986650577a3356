import type { DescMethod } from "@bufbuild/protobuf";
import { getOption } from "@bufbuild/protobuf";
import { Access, access } from "@groundcrew/proto";

/** The roles of an operator token, weakest first; each includes the ones before it. */
export type OperatorRole = "viewer" | "operator" | "admin";

/** Who makes a call, as the authenticator found it. */
export type Principal =
  | { kind: "anonymous" }
  | { kind: "enrolment"; tokenId: string; name: string }
  | { kind: "agent"; agentId: string; name: string; generation: string }
  | { kind: "operator"; tokenId: string; name: string; role: OperatorRole };

const OPERATOR_RANK: Record<OperatorRole, number> = { viewer: 1, operator: 2, admin: 3 };

/** The access an rpc declares in the contract. Throws when it declares none: such a service must not be mounted. */
export function accessOf(method: DescMethod): Access {
  const declared = getOption(method, access);
  if (declared === Access.UNSPECIFIED) {
    throw new Error(`${method.parent.typeName}.${method.name} declares no access; add option (access) to the .proto`);
  }
  return declared;
}

/** Whether the principal may call an rpc with this access. */
export function permits(principal: Principal, needed: Access): boolean {
  switch (needed) {
    case Access.PUBLIC:
      return true;
    case Access.ENROLMENT:
      return principal.kind === "enrolment" || principal.kind === "agent";
    case Access.AGENT:
      return principal.kind === "agent";
    case Access.VIEWER:
      return hasRole(principal, "viewer");
    case Access.OPERATOR:
      return hasRole(principal, "operator");
    case Access.ADMIN:
      return hasRole(principal, "admin");
    default:
      // UNSPECIFIED, or a value of a newer contract.
      return false;
  }
}

function hasRole(principal: Principal, role: OperatorRole): boolean {
  return principal.kind === "operator" && OPERATOR_RANK[principal.role] >= OPERATOR_RANK[role];
}
