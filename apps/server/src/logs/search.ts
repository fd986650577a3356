import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { SearchLogsRequest, SearchLogsResponseSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { throwIfStopping } from "../db/watch.ts";
import { requireRange, requireText } from "../validate.ts";
import { unpackBatch } from "./batch.ts";
import { readChunks } from "./chunks.ts";
import { LineMatcher } from "./line-matcher.ts";
import { LineReader, type Line } from "./line-reader.ts";
import { withContext, type Match } from "./search-context.ts";
import { selectLogs } from "./selection.ts";
import { headerOf, readSources } from "./sources.ts";

const DEFAULT_MATCHES = 100;
const MAX_MATCHES = 10_000;
const MAX_CONTEXT = 20;

/**
 * The lines stored now that contain a text or match an expression, each with its number and the lines around it, at the pace of the reader.
 * Throws INVALID_ARGUMENT and NOT_FOUND for a bad request, UNAVAILABLE when the server stops.
 */
export async function* searchLogs(
  context: ServerContext,
  request: SearchLogsRequest,
): AsyncGenerator<MessageInitShape<typeof SearchLogsResponseSchema>> {
  const { workflowIds, step } = await selectLogs(context.db, request);
  const matcher = matcherOf(request);
  const contextLines = requireRange("context_lines", request.contextLines, 0, MAX_CONTEXT);
  let left = requireRange("max_matches", request.maxMatches, 0, MAX_MATCHES) || DEFAULT_MATCHES;
  for (const source of await readSources(context.db, workflowIds, step)) {
    for (const run of source.stepRuns) {
      const lines = linesOf(
        context,
        { id: run.id, lineCount: run.lineCount },
        contextLines === 0 ? matcher : undefined,
      );
      for await (const match of withContext(lines, (text) => matcher.matches(text), contextLines)) {
        left -= 1;
        yield { ...headerOf(source, run), stepRunId: run.id, ...messageOf(match), limitReached: left === 0 };
        if (left === 0) return;
      }
    }
  }
}

function matcherOf({ text, regex, ignoreCase }: SearchLogsRequest): LineMatcher {
  const wanted = requiredText(text);
  try {
    return new LineMatcher(wanted, { ignoreCase, regex });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalidField("text", wanted, `a regular expression of RE2: ${why}`);
  }
}

function requiredText(text: string): string {
  return requireText("text", text, { min: 1, max: 1_000, expected: "1 to 1000 characters" });
}

/** The lines of a step run; with a matcher none of blocks that cannot have a match. */
async function* linesOf(
  context: ServerContext,
  { id, lineCount }: { id: string; lineCount: number },
  skipBy: LineMatcher | undefined,
): AsyncGenerator<Line[]> {
  const reader = new LineReader({ skipBy });
  for await (const chunk of readChunks(context, [{ stepRunId: id, nextLine: 0, endLine: lineCount }])) {
    throwIfStopping(context);
    yield reader.read(chunk, await unpackBatch(chunk.data));
  }
  yield reader.end();
}

function messageOf({ line, before, after }: Match) {
  return { line: line.number, at: timestampFromMs(line.atMs), text: line.text, before, after };
}
