import { fetchFiles, type FetchedFiles } from "../files/fetch-files.ts";
import type { FileStore } from "../files/file-store.ts";
import type { ArchiveLimits } from "../files/limits.ts";
import { keepFiles } from "../files/keep-files.ts";
import type { Note } from "../files/refusals.ts";
import type { FilesOfStep } from "../files/step-files.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { StepFiles, FetchStepFilesOptions } from "./step-files.ts";

/** Whose files, where they lie, and where they are kept. */
export interface StoredFilesOptions {
  step: FilesOfStep;
  workspace: Workspace;
  store: FileStore;
  /** A line for the step's log. */
  note: Note;
  /** Of each archive. Default: `DEFAULT_LIMITS`. */
  limits?: ArchiveLimits;
}

/** The artifacts and caches of one step run, kept in a store. */
export class StoredFiles implements StepFiles {
  readonly #options: StoredFilesOptions;
  #fetched: FetchedFiles = { caches: [] };

  constructor(options: StoredFilesOptions) {
    this.#options = options;
  }

  async fetch(options: FetchStepFilesOptions): Promise<void> {
    this.#fetched = await fetchFiles({ ...this.#options, ...options });
  }

  async keep(options: { passed: boolean; signal: AbortSignal }): Promise<void> {
    await keepFiles({ ...this.#options, ...options, fetched: this.#fetched });
  }
}
