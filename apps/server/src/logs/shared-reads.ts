import type { Db } from "../context.ts";
import { Coalescer } from "../db/coalesce.ts";
import { unpackEntries, type BatchEntries } from "./batch.ts";
import { readPage, type ChunkPage } from "./chunk-page.ts";
import type { LogPosition } from "./chunks.ts";
import { readSources, type Source } from "./sources.ts";

/** Whose logs. */
interface Asked {
  workflowIds: readonly string[];
  step: string | null;
}

/**
 * What many who follow the same logs read: they all wake at the same hint, and a hundred of them must not cost those who
 * write a hundred statements.
 */
export class SharedReads {
  readonly #db: Db;
  readonly #sources: Coalescer<Asked, Source[]>;
  readonly #pages = new Map<string, Promise<ChunkPage>>();
  readonly #entries = new WeakMap<Uint8Array, Promise<BatchEntries>>();

  constructor(db: Db) {
    this.#db = db;
    this.#sources = new Coalescer({ run: async (asked) => (await readAll(db, asked)).map((value) => ({ value })) });
  }

  /** The workflows as they are after this call, with their step runs of this name, or all: see `readSources`. */
  sources(workflowIds: readonly string[], step: string | null): Promise<Source[]> {
    return this.#sources.ask({ workflowIds, step });
  }

  /**
   * See `readPage`. Whoever asks for what is being read gets the same: the lines before its end were stored before the
   * first one asked.
   */
  page(positions: readonly LogPosition[]): Promise<ChunkPage> {
    const key = JSON.stringify(positions);
    const reading = this.#pages.get(key) ?? readPage(this.#db, positions).finally(() => this.#pages.delete(key));
    this.#pages.set(key, reading);
    return reading;
  }

  /** See `unpackEntries`; for the data of a page that others have as well it is done once. */
  entries(data: Uint8Array): Promise<BatchEntries> {
    const entries = this.#entries.get(data) ?? unpackEntries(data);
    this.#entries.set(data, entries);
    return entries;
  }
}

/** The sources of each question, all in one statement. */
async function readAll(db: Db, asked: readonly Asked[]): Promise<Source[][]> {
  const ids = [...new Set(asked.flatMap(({ workflowIds }) => workflowIds))];
  const [first] = asked;
  const step = asked.every((each) => each.step === first?.step) ? (first?.step ?? null) : null;
  const sources = new Map((await readSources(db, ids, step)).map((source) => [source.id, source]));
  return asked.map(({ workflowIds, step }) =>
    workflowIds.flatMap((id) => {
      const source = sources.get(id);
      return source ? [ofStep(source, step)] : [];
    }),
  );
}

function ofStep(source: Source, step: string | null): Source {
  if (step === null) return source;
  return { ...source, stepRuns: source.stepRuns.filter((run) => run.step === step) };
}
