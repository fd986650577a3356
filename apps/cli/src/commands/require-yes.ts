import { ExitCode } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { confirm } from "../prompt.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";

/** Asks before something that cannot be undone. Fails where the user does not say yes, or nobody is there to say it. */
export async function requireYes(session: Session, what: string, question: string): Promise<void> {
  if (!session.io.stdin.isTTY) throw usage(`nobody is here to confirm the ${what}`, "say --yes");
  if (await confirm(session.io, visible(question))) return;
  throw new Failure("not confirmed, so nothing was done", { exitCode: ExitCode.failure });
}
