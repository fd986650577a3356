/** What may start a pipeline. */
export const events = ["push", "tag", "pull_request", "release", "deployment", "cron", "manual"] as const;

/** What started a pipeline: what `when` is judged by, and what expressions know of it. */
export interface Trigger {
  /** One of `events`. */
  event: string;
  /** The branch; of a pull request the one it goes to. Empty: none. */
  branch: string;
  /** The tag. Empty: none. */
  tag: string;
  /** The name of the cron that fired. Empty: none. */
  cron: string;
  /** The files that changed, relative to the repository. Absent: not known, and then no path rules anything out. */
  paths?: readonly string[];
  /** Parameters given with it, by name. */
  parameters: Record<string, string>;
}

/** A pipeline that somebody starts by hand. */
export const manualTrigger: Trigger = { event: "manual", branch: "", tag: "", cron: "", parameters: {} };
