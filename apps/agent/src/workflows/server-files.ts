import { FilesError, type FileStore } from "@groundcrew/engine";
import { BlobKind, StaleEpochSchema, type StepRunRef } from "@groundcrew/proto";
import { ConnectError, detailOf } from "@groundcrew/rpc";
import { download } from "./download.ts";
import type { Lease } from "./lease.ts";
import { upload } from "./upload.ts";

/** How long one try of a transfer may take, in milliseconds; the next goes on where it ended. */
const TRANSFER_MS = 10 * 60_000;

const CONTENT_TYPE = "application/zstd";

/** The files of one step run, kept on the server. What the server refuses is a FilesError; a lost lease throws. */
export class ServerFiles implements FileStore {
  readonly #lease: Lease;
  readonly #stepRun: Pick<StepRunRef, "workflowId" | "epoch" | "step" | "try">;

  constructor({
    lease,
    stepRun,
  }: {
    lease: Lease;
    stepRun: Pick<StepRunRef, "workflowId" | "epoch" | "step" | "try">;
  }) {
    this.#lease = lease;
    this.#stepRun = stepRun;
  }

  async putArtifact(artifact: string, archive: string, signal: AbortSignal): Promise<void> {
    await this.#put({ kind: BlobKind.ARTIFACT, name: artifact }, archive, signal);
  }

  async putCache(key: string, archive: string, signal: AbortSignal): Promise<void> {
    await this.#put({ kind: BlobKind.CACHE, cacheKey: key }, archive, signal);
  }

  async getArtifact(workflow: string, artifact: string, into: string, signal: AbortSignal): Promise<boolean> {
    const request = { lease: this.#held, workflow, artifact };
    return this.#refusable(async () => {
      const { blob } = await this.#lease.call((client, how) => client.findArtifact(request, how), { signal });
      if (!blob) return false;
      await download(this.#lease, { blob, kind: BlobKind.ARTIFACT, into }, { signal, timeoutMs: TRANSFER_MS });
      return true;
    });
  }

  async findCache(key: string, restoreKeys: readonly string[], into: string, signal: AbortSignal) {
    const request = { lease: this.#held, key, restoreKeys: [...restoreKeys] };
    return this.#refusable(async () => {
      const { blob } = await this.#lease.call((client, how) => client.findCache(request, how), { signal });
      if (!blob) return undefined;
      await download(this.#lease, { blob, kind: BlobKind.CACHE, into }, { signal, timeoutMs: TRANSFER_MS });
      return blob.name;
    });
  }

  get #held(): { workflowId: string; epoch: string } {
    const { workflowId, epoch } = this.#stepRun;
    return { workflowId, epoch };
  }

  #put(what: { kind: BlobKind; name?: string; cacheKey?: string }, path: string, signal: AbortSignal): Promise<void> {
    const header = { ...what, stepRun: this.#stepRun, contentType: CONTENT_TYPE };
    return this.#refusable(() => upload(this.#lease, { path, header }, { signal, timeoutMs: TRANSFER_MS }));
  }

  async #refusable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ConnectError) || detailOf(error, StaleEpochSchema)) throw error;
      throw new FilesError(error.rawMessage, { cause: error });
    }
  }
}
