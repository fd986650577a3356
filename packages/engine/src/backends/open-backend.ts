import type { Backend, BackendName } from "./backend.ts";
import { findProgram } from "../process/find-program.ts";
import { tryBubblewrap } from "./bubblewrap/try-bubblewrap.ts";
import { Container, type ContainerSettings } from "./container/container.ts";
import { Local, TREE_ONLY } from "./local.ts";
import { Sandbox } from "./sandbox.ts";

/** Which backend, and what it must know of the machine. */
export interface OpenBackendOptions {
  /** `auto`: sandbox where bubblewrap works, else local. */
  name: BackendName | "auto";
  /** What no step may read, such as the agent's state directory and credentials. Workspaces may lie inside. */
  hiddenPaths: readonly string[];
  /** What every step may read beyond the system's own folders. Default: nothing. */
  readOnlyPaths?: readonly string[];
  /** What only `container` knows. */
  container?: ContainerSettings;
}

type Tried<T> = { kind: "works"; it: T } | { kind: "fails"; why: string };

const NOT_INSTALLED = "bwrap is not installed (Debian package bubblewrap)";

/** Opens a backend. Throws an error that says what is missing and how to get it where the named one cannot work. */
export async function openBackend(options: OpenBackendOptions): Promise<Backend> {
  switch (options.name) {
    case "sandbox":
      return orThrow(await trySandbox(options));
    case "local":
      return openLocal();
    case "container":
      return Container.open(options.container ?? {}, options.readOnlyPaths ?? []);
    case "auto": {
      const sandbox = await trySandbox(options);
      return sandbox.kind === "works" ? sandbox.it : openLocal();
    }
    default:
      return options.name satisfies never;
  }
}

async function trySandbox({ hiddenPaths, readOnlyPaths = [] }: OpenBackendOptions): Promise<Tried<Backend>> {
  const bubblewrap = await findProgram("bwrap");
  if (bubblewrap === undefined) return { kind: "fails", why: NOT_INSTALLED };
  const sandbox = await Sandbox.open({ bubblewrap, hiddenPaths, readOnlyPaths });
  const why = await tryBubblewrap(bubblewrap, await sandbox.isolationOf({}));
  return why === undefined ? { kind: "works", it: sandbox } : { kind: "fails", why };
}

async function openLocal(): Promise<Backend> {
  const bubblewrap = await findProgram("bwrap");
  const works = bubblewrap !== undefined && (await tryBubblewrap(bubblewrap, TREE_ONLY)) === undefined;
  return new Local({ bubblewrap: works ? bubblewrap : undefined });
}

function orThrow(tried: Tried<Backend>): Backend {
  if (tried.kind === "works") return tried.it;
  throw new Error(`the backend sandbox does not work here: ${tried.why}; repair it, or choose --backend local`);
}
