import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { collect, type Page } from "./paging.ts";

/** A list of `length` items on a server whose pages hold at most `pageSize`. */
function server(length: number, pageSize: number): { sizes: number[]; fetch: Parameters<typeof collect<number>>[1] } {
  const sizes: number[] = [];
  const fetch = ({ size, token }: { size: number; token: string }): Promise<Page<number>> => {
    sizes.push(size);
    const from = Number(token);
    const to = Math.min(length, from + Math.min(size, pageSize));
    const items = Array.from({ length: to - from }, (_, index) => from + index);
    return Promise.resolve({ items, nextPageToken: to < length ? String(to) : "" });
  };
  return { sizes, fetch };
}

suite("a list", () => {
  const cases: [length: number, pageSize: number, limit: number, items: number, more: boolean, sizes: number[]][] = [
    [0, 100, 50, 0, false, [50]],
    [30, 100, 50, 30, false, [50]],
    [80, 100, 50, 50, true, [50]],
    [80, 30, 50, 50, true, [50, 20]],
    [2_500, 1_000, 2_200, 2_200, true, [1_000, 1_000, 200]],
    [2_200, 1_000, 2_200, 2_200, false, [1_000, 1_000, 200]],
  ];
  for (const [length, pageSize, limit, items, more, expected] of cases) {
    test(`of ${length} in pages of ${pageSize}, limit ${limit}: ${items}${more ? " and more" : ""}`, async () => {
      const { sizes, fetch } = server(length, pageSize);
      const page = await collect(limit, fetch);
      assert.deepEqual([page.items.length, page.nextPageToken !== ""], [items, more]);
      assert.deepEqual(sizes, expected);
    });
  }
});
