import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "./remove-tree.ts";

/** The folders of one try of a workflow. Gone when it has ended. */
export interface Workspace {
  /** All of it; scripts and evidence lie here. Steps on an isolating backend read it and change only the folders below. */
  root: string;
  /** Where steps start: empty at first, shared by all steps. */
  directory: string;
  /** The steps' HOME. */
  home: string;
  /** The steps' TMPDIR; on an isolating backend their /tmp as well. */
  temporary: string;
  /** Files that steps write for the agent, such as their outputs: read without following links. */
  outputs: string;
}

/** Makes the folders, named after the workflow and the epoch, so that no try meets another's. */
export async function makeWorkspace(parent: string, workflowId: string, epoch: string): Promise<Workspace> {
  const root = workspaceRoot(parent, workflowId, epoch);
  const workspace = {
    root,
    directory: join(root, "workspace"),
    home: join(root, "home"),
    temporary: join(root, "tmp"),
    outputs: join(root, "outputs"),
  };
  for (const folder of Object.values(workspace)) await mkdir(folder, { recursive: true, mode: 0o700 });
  return workspace;
}

/** Deletes the folders. */
export async function removeWorkspace(parent: string, workflowId: string, epoch: string): Promise<void> {
  await removeTree(workspaceRoot(parent, workflowId, epoch));
}

/** Which workspace to keep, and where. */
export interface KeepOptions {
  /** The folder it was made in. */
  from: string;
  /** The folder it goes to, on the same file system. */
  to: string;
  workflowId: string;
  epoch: string;
}

/** Moves the folders to where they stay. Answers their new path; undefined when none were made. */
export async function keepWorkspace({ from, to, workflowId, epoch }: KeepOptions): Promise<string | undefined> {
  const kept = workspaceRoot(to, workflowId, epoch);
  try {
    await rename(workspaceRoot(from, workflowId, epoch), kept);
    return kept;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function workspaceRoot(parent: string, workflowId: string, epoch: string): string {
  return join(parent, `${workflowId}-${epoch}`);
}
