import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSize } from "./size.ts";

test("a size is a number of KiB, MiB, GiB or TiB", () => {
  assert.deepEqual(["1KiB", "500MiB", "10GiB"].map(parseSize), [1024, 500 * 1024 ** 2, 10 * 1024 ** 3]);
  for (const wrong of ["", "10", "0GiB", "-1GiB", "1.5GiB", "10GB", "10 GiB"]) {
    assert.throws(() => parseSize(wrong), /such as 500MiB/);
  }
});
