import { writeFile } from "node:fs/promises";
import type { Log } from "../log.ts";

/** Never chosen when memory runs out, by the kernel's "oom_score_adj". */
const NEVER = "-1000";

/**
 * Asks the kernel not to end this process when memory runs out: a stage that takes the machine to its knees shall not
 * take the agent. Only for an agent of stages, which are told otherwise; what it starts besides inherits this. Where
 * the kernel refuses, which takes a privilege to allow, it says so.
 */
export async function protectAgent(log: Log): Promise<void> {
  try {
    await writeFile("/proc/self/oom_score_adj", NEVER);
    log.info("the kernel will not end this agent when memory runs out");
  } catch (error) {
    log.warn(
      { reason: String(error) },
      "the kernel may end this agent when memory runs out: keeping it takes root, with CAP_SYS_RESOURCE",
    );
  }
}
