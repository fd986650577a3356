import { realpath } from "node:fs/promises";
import type { ProcessEnd, ProcessOptions } from "../process/supervise.ts";
import type { Workspace } from "./workspace.ts";

/** What to fetch, and how. */
export interface CheckoutSource {
  /** Where from: what git takes. */
  repository: string;
  /** The commit, in full. Empty: the newest of `ref`. */
  commit: string;
  /** The branch or tag that holds it. Empty: the repository's default. */
  ref: string;
  /** Commits of history. 0: all. */
  depth: number;
  /** Fetches submodules as well. */
  submodules: boolean;
  /** The user for an HTTPS repository that asks for one. Empty: none. */
  username: string;
  /** Its password or token. Empty: none. */
  password: string;
}

/** What a checkout is run with: each git command is a process like those of steps. */
export interface CheckoutOptions extends Pick<ProcessOptions, "marker" | "outputs" | "stop"> {
  source: CheckoutSource;
  workspace: Workspace;
  /** PATH, for git itself. */
  path: string;
  /** Runs one process, such as a backend does. */
  run: (process: Omit<ProcessOptions, "killGraceMs" | "onStart">) => Promise<ProcessEnd>;
}

const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
// A name that starts with a dash is an option, and `ext::` and its like run commands.
const REPOSITORY = /^(https?:\/\/|ssh:\/\/|file:\/\/|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:|\/)/;
const REF = /^[^-\s:~^?*[\\][^\s:~^?*[\\]*$/;

/**
 * Fetches the source into the workspace's folder, which may be empty or hold an earlier try. The password reaches git
 * by its environment and is offered to the repository's own host only: it is on no disk, in no command line and in no
 * URL. Resolves with the end of the first command that does not pass, else of the last.
 */
export async function checkout(options: CheckoutOptions): Promise<ProcessEnd> {
  const problem = problemOf(options.source);
  if (problem !== undefined) return { kind: "not_started", message: problem };
  let end: ProcessEnd = { kind: "exited", exitCode: 0 };
  for (const args of commandsOf(options.source)) {
    end = await git(options, args);
    if (end.kind !== "exited" || end.exitCode !== 0) return end;
  }
  return end;
}

/** What is wrong with a source, naming the field and its value; undefined when it may be fetched. */
function problemOf({ repository, commit, ref }: CheckoutSource): string | undefined {
  if (!REPOSITORY.test(repository)) {
    return `checkout.repository is ${JSON.stringify(repository)}; an https, ssh or file URL, or a path, is expected`;
  }
  if (/^https?:\/\/[^/]*@/.test(repository)) {
    return "checkout.repository carries a user or password; give them as checkout.username and checkout.password";
  }
  if (commit !== "" && !COMMIT.test(commit)) {
    return `checkout.commit is ${JSON.stringify(commit)}; 40 or 64 hexadecimal digits are expected`;
  }
  if (ref !== "" && !REF.test(ref)) return `checkout.ref is ${JSON.stringify(ref)}; a branch or tag is expected`;
  return undefined;
}

function commandsOf({ repository, commit, ref, depth, submodules }: CheckoutSource): string[][] {
  const shallow = depth > 0 ? ["--depth", String(depth)] : [];
  return [
    ["init", "--quiet"],
    // What relative addresses of submodules start from.
    ["config", "remote.origin.url", repository],
    // The commit itself: its branch may have moved on. Names of versions are history, too.
    ["fetch", depth > 0 ? "--no-tags" : "--tags", "--force", ...shallow, "origin", commit || ref || "HEAD"],
    ["checkout", "--quiet", "--force", "--detach", commit || "FETCH_HEAD"],
    ...(submodules ? [["submodule", "update", "--init", "--recursive", "--force", ...shallow]] : []),
  ];
}

async function git(options: CheckoutOptions, args: readonly string[]): Promise<ProcessEnd> {
  const { source, workspace, path, marker, outputs, stop, run } = options;
  const env = {
    PATH: path,
    HOME: workspace.home,
    TMPDIR: workspace.temporary,
    LANG: "C.UTF-8",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
    // A submodule of a repository from elsewhere must not lead to what lies on this machine.
    GIT_ALLOW_PROTOCOL: /^(file:|\/)/.test(source.repository) ? "https:http:ssh:file" : "https:http:ssh",
    ...configuration([
      ["advice.detachedHead", "false"],
      ["init.defaultBranch", "main"],
      // The workspace is made by the agent, whichever user the backend shows as its owner.
      ["safe.directory", await realpath(workspace.directory)],
      ...credentials(source),
    ]),
  };
  return run({ file: "git", args, cwd: workspace.directory, env, marker, outputs, stop });
}

/** Settings of git by environment, which no other user of the machine can read (git-config(1), GIT_CONFIG_COUNT). */
function configuration(settings: readonly (readonly [key: string, value: string])[]): Record<string, string> {
  const variables = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(variables) };
}

// Bound to scheme, host and port: git does not send it elsewhere, such as to a submodule's own host.
function credentials({ repository, username, password }: CheckoutSource): [string, string][] {
  if (password === "" || !/^https?:/.test(repository)) return [];
  const { origin } = new URL(repository);
  const basic = Buffer.from(`${username || "token"}:${password}`).toString("base64");
  return [[`http.${origin}/.extraHeader`, `Authorization: Basic ${basic}`]];
}

/** The words that a log must mask besides the password itself. */
export function checkoutSecrets({ username, password }: CheckoutSource): string[] {
  return password === "" ? [] : [password, Buffer.from(`${username || "token"}:${password}`).toString("base64")];
}
