import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AgentGrants, AgentGrantsSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { requireText } from "../validate.ts";

/** Most owners, and most repositories, that grants may name: operator.proto's figure. */
const NAMES_MAX = 64;

/** The longest repository that may be submitted, in characters. */
const NAME_MAX = 1_024;

/** Whose work an agent may take, as agents and enrolment tokens store it. Empty lists: anybody's. */
export interface GrantColumns {
  grant_owners: string[];
  grant_repositories: string[];
  grant_untrusted: boolean;
}

/** Grants as they are stored, each name once. Throws INVALID_ARGUMENT naming the field. */
export function checkedGrants({ owners, repositories, untrusted }: AgentGrants): GrantColumns {
  return {
    grant_owners: checkedNames("grants.owners", owners),
    grant_repositories: checkedNames("grants.repositories", repositories),
    grant_untrusted: untrusted,
  };
}

function checkedNames(field: string, names: string[]): string[] {
  if (names.length > NAMES_MAX) throw invalidField(field, `${names.length} entries`, `at most ${NAMES_MAX}`);
  const rule = { min: 1, max: NAME_MAX, expected: `1 to ${NAME_MAX} characters` };
  return [...new Set(names.map((name) => requireText(field, name, rule)))];
}

/** Stored grants as the contract has them. */
export function grantsMessage(row: GrantColumns): MessageInitShape<typeof AgentGrantsSchema> {
  return { owners: row.grant_owners, repositories: row.grant_repositories, untrusted: row.grant_untrusted };
}
