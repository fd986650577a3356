import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes } from "./bytes.ts";

test("sizes are written in two or three figures", () => {
  const sizes = [0, 1023, 1024, 1_450_000, 10_400, 24 * 1024 ** 3, 5 * 1024 ** 5];
  assert.deepEqual(sizes.map(formatBytes), ["0 B", "1023 B", "1.0 KiB", "1.4 MiB", "10 KiB", "24 GiB", "5120 TiB"]);
});
