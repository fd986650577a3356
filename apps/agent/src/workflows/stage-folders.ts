import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "@groundcrew/engine";

/** Which run of a stage. */
interface StageRun {
  stage: string;
  epoch: string;
  try: number;
}

/**
 * Where the stages of one vetting run leave their evidence. A folder goes once its stage has been reported, so that one
 * that is still there is what a try left that was cut short: of the same run, on the same boot.
 */
export class StageFolders {
  readonly #root: string;
  readonly #own: string;

  constructor(root: string, run: { workflowId: string; bootId: string }) {
    this.#root = root;
    this.#own = `${run.workflowId}-${run.bootId || "unknown"}`;
  }

  /** Makes a stage's folder; `previous` is what an earlier try of it left. What other runs and boots left is deleted. */
  async make(run: StageRun): Promise<{ path: string; previous?: string }> {
    await this.#clear((name) => name !== this.#own);
    const path = join(this.#root, this.#own, nameOf(run));
    const newest = (await this.#left(run.stage)).find((folder) => folder !== path);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return { path, ...(newest !== undefined && { previous: newest }) };
  }

  /** A stage was reported: nobody needs any more what its tries left. */
  async done(stage: string): Promise<void> {
    for (const folder of await this.#left(stage)) await removeTree(folder);
  }

  /** The run has ended or is held. */
  async remove(): Promise<void> {
    await this.#clear(() => true);
  }

  async #clear(isOld: (name: string) => boolean): Promise<void> {
    const names = await readdir(this.#root).catch(() => []);
    for (const name of names.filter(isOld)) await removeTree(join(this.#root, name));
  }

  /** The folders of a stage, newest first. */
  async #left(stage: string): Promise<string[]> {
    const own = join(this.#root, this.#own);
    const names = (await readdir(own).catch(() => [])).filter((name) => name.startsWith(`${stage}-`));
    return names.toSorted((a, b) => b.localeCompare(a, "en", { numeric: true })).map((name) => join(own, name));
  }
}

function nameOf({ stage, epoch, try: tryNumber }: StageRun): string {
  return `${stage}-${epoch}-${tryNumber}`;
}
