import { execFile } from "node:child_process";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Git answers these questions at once; a repository on a dead network drive must not hang `crew`. */
const GIT_TIMEOUT_MS = 10_000;

/** A git checkout that a file lies in. */
export interface Checkout {
  /** Its folder. */
  root: string;
  /** Where it can be cloned from: the remote `origin`, else its folder. Never holds a password. */
  repository: string;
  /** The commit checked out. Empty before the first one. */
  commit: string;
  /** The branch checked out. Empty when none is. */
  branch: string;
  /** What a clone of it will not hold. */
  warnings: string[];
}

/** The checkout that `file` lies in; undefined when there is none, or no git. */
export async function findCheckout(file: string): Promise<Checkout | undefined> {
  const root = await git(dirname(resolve(file)), ["rev-parse", "--show-toplevel"]);
  if (!root) return undefined;
  const [commit, branch, origin, changes] = await Promise.all([
    git(root, ["rev-parse", "--verify", "--quiet", "HEAD"]),
    git(root, ["branch", "--show-current"]),
    git(root, ["remote", "get-url", "origin"]),
    git(root, ["status", "--porcelain"]),
  ]);
  const published = !origin || !commit || (await git(root, ["branch", "--remotes", "--contains", commit])) !== "";
  return {
    root,
    repository: repositoryOf(origin, root),
    commit: commit ?? "",
    branch: branch ?? "",
    warnings: warningsFor({ commit, changes, published }),
  };
}

/** Where to clone from. A password in the address stays here: it would be shown to everyone who sees the pipeline. */
export function repositoryOf(origin: string | undefined, root: string): string {
  if (!origin) return root;
  if (/^\.{1,2}\//.test(origin)) return resolve(root, origin);
  if (!URL.canParse(origin) || !/^https?:/.test(origin)) return origin;
  const url = new URL(origin);
  url.username = "";
  url.password = "";
  return url.href;
}

function warningsFor(found: {
  commit?: string | undefined;
  changes?: string | undefined;
  published: boolean;
}): string[] {
  if (!found.commit) return ["the checkout has no commit yet, so agents cannot clone it"];
  const count = found.changes ? found.changes.split("\n").length : 0;
  const dirty = `${count} uncommitted ${count === 1 ? "change is" : "changes are"} not part of what runs`;
  return [
    ...(count > 0 ? [dirty] : []),
    ...(found.published
      ? []
      : [`commit ${found.commit.slice(0, 7)} is on no remote branch; push it, or agents cannot clone it`]),
  ];
}

// What git prints, or undefined when it fails: not a checkout, no such remote, no git.
async function git(cwd: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run("git", args, { cwd, timeout: GIT_TIMEOUT_MS, maxBuffer: 64 << 20 });
    return stdout.replace(/\n$/, "");
  } catch {
    return undefined;
  }
}
