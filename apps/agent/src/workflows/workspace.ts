import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../state/remove-tree.ts";

/** The folders of one try of a workflow. Gone when it has ended. */
export interface Workspace {
  /** All of it; scripts and evidence lie here, out of the steps' way. */
  root: string;
  /** Where steps start: empty at first, shared by all steps. */
  directory: string;
  /** The steps' HOME. */
  home: string;
  /** The steps' TMPDIR. */
  temporary: string;
}

/** Makes the folders, named after the workflow and the epoch, so that no try meets another's. */
export async function makeWorkspace(parent: string, workflowId: string, epoch: string): Promise<Workspace> {
  const root = workspaceRoot(parent, workflowId, epoch);
  const workspace = {
    root,
    directory: join(root, "workspace"),
    home: join(root, "home"),
    temporary: join(root, "tmp"),
  };
  for (const folder of Object.values(workspace)) await mkdir(folder, { recursive: true, mode: 0o700 });
  return workspace;
}

/** Deletes the folders. */
export async function removeWorkspace(parent: string, workflowId: string, epoch: string): Promise<void> {
  await removeTree(workspaceRoot(parent, workflowId, epoch));
}

function workspaceRoot(parent: string, workflowId: string, epoch: string): string {
  return join(parent, `${workflowId}-${epoch}`);
}
