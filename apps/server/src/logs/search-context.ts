import type { Line } from "./line-reader.ts";

/** A line that matches, with those around it. */
export interface Match {
  line: Line;
  before: Uint8Array[];
  after: Uint8Array[];
}

/** The lines that match, each once the `size` lines after it were read. Lines around a gap are not around each other. */
export async function* withContext(
  batches: AsyncIterable<Line[]>,
  matches: (text: Uint8Array) => boolean,
  size: number,
): AsyncGenerator<Match> {
  let recent: Line[] = [];
  let open: Match[] = [];
  for await (const batch of batches) {
    for (const line of batch) {
      if (recent.at(-1) !== undefined && recent.at(-1)?.nextNumber !== line.number) {
        yield* open;
        [recent, open] = [[], []];
      }
      for (const match of open) match.after.push(line.text);
      if (matches(line.text)) open.push({ line, before: recent.map(({ text }) => text), after: [] });
      while (open[0] && open[0].after.length >= size) yield* open.splice(0, 1);
      if (size > 0) recent = [...recent, line].slice(-size);
    }
  }
  yield* open;
}
