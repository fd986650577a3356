/** Where the archives of artifacts and caches are kept: a server, or a folder. All are .tar.zst files on this disk. */
export interface FileStore {
  /** Keeps an archive as this workflow's artifact. */
  putArtifact(artifact: string, archive: string, signal: AbortSignal): Promise<void>;
  /**
   * Writes an artifact of a workflow, named by its key in the pipeline file, to the file `into`. Empty: this workflow.
   * False: there is none of this name.
   */
  getArtifact(workflow: string, artifact: string, into: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Writes the cache of this key to the file `into`, else the newest whose key starts with the first of `restoreKeys`
   * that starts one. Returns the key that was found.
   */
  findCache(
    key: string,
    restoreKeys: readonly string[],
    into: string,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** Keeps an archive as the cache of this key. One that is there already stays. */
  putCache(key: string, archive: string, signal: AbortSignal): Promise<void>;
}
