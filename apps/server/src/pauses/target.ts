import type { PauseScope } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { agentId } from "../agents/read.ts";
import type { Db } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import type { PauseScopeName } from "../db/schema.ts";
import { requireText } from "../validate.ts";
import { SCOPES } from "./pause-message.ts";

/** What is paused or resumed, as it is stored: an agent by its id, the queue by nothing. */
interface PauseTarget {
  scope: PauseScopeName;
  target: string;
}

/** Finds what a request names. Throws INVALID_ARGUMENT naming the field, and NOT_FOUND for an agent. */
export async function findTarget(db: Db, request: { scope: PauseScope; target: string }): Promise<PauseTarget> {
  const scope = checkedScope(request.scope);
  return { scope, target: await storedTarget(db, scope, request.target) };
}

function checkedScope(scope: PauseScope): PauseScopeName {
  const found = (Object.keys(SCOPES) as PauseScopeName[]).find((name) => SCOPES[name] === scope);
  if (found) return found;
  throw invalidField("scope", scope, "PAUSE_SCOPE_QUEUE, PAUSE_SCOPE_REPOSITORY or PAUSE_SCOPE_AGENT");
}

function storedTarget(db: Db, scope: PauseScopeName, target: string): string | Promise<string> {
  switch (scope) {
    case "queue":
      return requireText("target", target, { max: 0, expected: "nothing: there is one queue" });
    case "repository":
      // Also one that nobody submitted yet: it is paused when it comes.
      return requireText("target", target, { min: 1, max: 1_024, expected: "a repository, 1 to 1,024 characters" });
    case "agent":
      return agentId(db, target);
  }
  return scope satisfies never;
}

/** Who is to look again when the pause of this begins or ends. */
export function topicsOf({ scope, target }: PauseTarget): Topic[] {
  return scope === "agent" ? ["queue", `agent:${target}`] : ["queue"];
}
