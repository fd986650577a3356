import { PauseResponseSchema, ResumeResponseSchema, type PauseScope } from "@groundcrew/proto";
import { pauseText } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";

/** What is paused or resumed. */
export interface PauseTarget {
  scope: PauseScope;
  /** The repository, or the agent's name or id. Empty for the queue. */
  target: string;
}

/** Pauses something, and says how it stands: as it was paused first, when it was paused already. */
export async function pauseTarget(session: Session, what: PauseTarget, reason = ""): Promise<void> {
  const operator = await session.operator();
  const response = await operator.pause({ ...what, reason }, session.call);
  session.show(PauseResponseSchema, response, () => {
    const { pausedBy = "", reason: why = "" } = response.pause ?? {};
    return [visible(`Paused ${pauseText(response.pause ?? what)}, by ${pausedBy}${why === "" ? "" : `: ${why}`}.`)];
  });
}

/** Resumes something, and says whether it was paused. */
export async function resumeTarget(session: Session, what: PauseTarget): Promise<void> {
  const operator = await session.operator();
  const response = await operator.resume(what, session.call);
  session.show(ResumeResponseSchema, response, () => [
    visible(response.resumed ? `Resumed ${pauseText(what)}.` : `It was not paused: ${pauseText(what)}.`),
  ]);
}
