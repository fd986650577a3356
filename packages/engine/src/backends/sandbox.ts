import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import type { ProcessEnd } from "../process/supervise.ts";
import type { Backend, BackendRunOptions } from "./backend.ts";
import { runInBubblewrap } from "./bubblewrap/launch.ts";
import { hide, readSystemView, type SystemView } from "./bubblewrap/system-view.ts";

/** What a sandbox is made with. */
export interface SandboxOptions {
  /** The program, as an absolute path. */
  bubblewrap: string;
  /** What no step may read, even where it lies in a folder that is shown. */
  hiddenPaths: readonly string[];
  /** What every step may read beyond the system's own folders. */
  readOnlyPaths: readonly string[];
}

// Without any capability, so that what is mounted stays as it is; seen as "nobody", so that programs which refuse or
// change their ways for root do neither.
const NOBODY = "65534";
const NAMESPACES = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"];
const LIMITS = ["--cap-drop", "ALL", "--die-with-parent", "--new-session"];
const OWN = "--proc /proc --dev /dev --symlink ../tmp /var/tmp --symlink ../run /var/run --dir /run".split(" ");

/** Steps see a read-only system, a home and tmp of their own, their workspace, and no other process of the machine. */
export class Sandbox implements Backend {
  readonly name = "sandbox";
  readonly isolates = true;
  readonly limits = [];
  readonly #options: SandboxOptions;
  readonly #view: SystemView;

  private constructor(options: SandboxOptions, view: SystemView) {
    this.#options = options;
    this.#view = view;
  }

  /** Looks at the machine, once for all steps. */
  static async open(options: SandboxOptions): Promise<Sandbox> {
    return new Sandbox(options, await readSystemView());
  }

  async run(options: BackendRunOptions): Promise<ProcessEnd> {
    const { bubblewrap } = this.#options;
    const isolation = await this.isolationOf(options);
    return runInBubblewrap(options, { bubblewrap, isolation });
  }

  /** Bubblewrap's arguments. Later mounts lie over earlier ones. */
  async isolationOf({
    network = "host",
    readOnlyPaths = [],
    workspace,
  }: Partial<BackendRunOptions>): Promise<readonly string[]> {
    const shown = [...this.#options.readOnlyPaths, ...readOnlyPaths];
    const visible = [...this.#view.shown, ...shown];
    return [
      ...NAMESPACES,
      ...(network === "none" ? ["--unshare-net"] : []),
      ...LIMITS,
      ...(process.getuid?.() === 0 ? ["--uid", NOBODY, "--gid", NOBODY] : []),
      ...this.#view.system,
      ...(network === "host" ? this.#view.resolver : []),
      ...OWN,
      ...temporary(workspace),
      ...shown.flatMap((path) => ["--ro-bind", path, path]),
      ...(await hiddenIn(visible, this.#options.hiddenPaths)),
      ...folders(workspace),
      "--remount-ro",
      "/",
    ];
  }

  async cleanUp(): Promise<void> {
    // Namespaces end with their processes, and those with the agent.
  }
}

// A workspace under /tmp, which /var/tmp leads to, would find itself within its own tmp; then steps get one in memory.
function temporary(workspace: BackendRunOptions["workspace"] | undefined): string[] {
  if (workspace === undefined || ["/tmp", "/var/tmp"].some((folder) => isWithin(folder, workspace.root)))
    return ["--tmpfs", "/tmp"];
  return ["--bind", workspace.temporary, "/tmp"];
}

// Scripts lie in the root: a step that could put a link in the place of the next one would lead the agent astray.
function folders(workspace: BackendRunOptions["workspace"] | undefined): string[] {
  if (workspace === undefined) return [];
  const { root, directory, home, temporary: tmp, outputs } = workspace;
  return ["--ro-bind", root, root, ...[directory, home, tmp, outputs].flatMap((path) => ["--bind", path, path])];
}

async function hiddenIn(visible: readonly string[], hidden: readonly string[]): Promise<string[]> {
  const mounts = await Promise.all(hidden.map((path) => hideWithin(visible, path)));
  return mounts.flat();
}

async function hideWithin(visible: readonly string[], hidden: string): Promise<string[]> {
  const path = await realpath(hidden).catch(() => undefined);
  if (path === undefined || !visible.some((folder) => isWithin(folder, path))) return [];
  return hide(path, (await stat(path)).isDirectory());
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return !way.startsWith("..") && !isAbsolute(way);
}
