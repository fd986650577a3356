import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { countLines, LogBlockSchema, LogStream, toEntries } from "@groundcrew/proto";
import type { Batch } from "../logs/batch.ts";

/** Some lines, as an agent sends them. */
export interface BlockInit {
  /** Ends in a newline. */
  text: string;
  /** Default: standard output. */
  stream?: LogStream;
  /** Whether the last line goes on. Default: false. */
  continued?: boolean;
}

/** A batch that follows others, with what a reader of its chunk knows besides. */
export type NumberedBatch = Batch & { lineCount: number };

/** Batches in a row, each of these blocks, all written a second after 1970 began; a number is so many lines lost. */
export function batchesOf(parts: readonly (BlockInit[] | number)[]): NumberedBatch[] {
  const batches: NumberedBatch[] = [];
  let [firstLine, lostBefore] = [0, 0];
  for (const part of parts) {
    if (typeof part === "number") {
      lostBefore = part;
      continue;
    }
    const lines = { entries: [], blocks: part.map(blockOf) };
    firstLine += lostBefore;
    const lineCount = countLines(lines);
    batches.push({ firstLine, lostBefore, lineCount, ...lines, baseTime: timestampFromMs(1_000) });
    firstLine += lineCount;
    lostBefore = 0;
  }
  return batches;
}

/** The same lines as entries. */
export function asEntries<B extends Batch>(batch: B): B {
  return { ...batch, entries: toEntries(batch), blocks: [] };
}

function blockOf({ text, stream = LogStream.STDOUT, continued = false }: BlockInit) {
  return create(LogBlockSchema, { text: Buffer.from(text), lineCount: text.split("\n").length - 1, stream, continued });
}
