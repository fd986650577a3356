import assert from "node:assert/strict";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { hashFiles } from "./hash-files.ts";
import { temporaryFolder } from "./testing.ts";

suite("hashFiles", () => {
  test("changes with a name and with a content, not with the order of the patterns", async (t) => {
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, "a"));
    await writeFile(join(folder, "a/lock"), "1");
    await writeFile(join(folder, "lock"), "2");
    const before = hashFiles(folder, ["**/lock"]);
    assert.match(before, /^[0-9a-f]{64}$/);
    assert.equal(hashFiles(folder, ["lock", "a/lock", "a"]), before);
    assert.notEqual(hashFiles(folder, ["lock"]), before);
    await writeFile(join(folder, "lock"), "3");
    assert.notEqual(hashFiles(folder, ["**/lock"]), before);
  });

  test("is empty where there is no file, or only one behind a link", async (t) => {
    const [folder, outside] = [await temporaryFolder(t), await temporaryFolder(t)];
    await writeFile(join(outside, "secret"), "x");
    await symlink(outside, join(folder, "out"));
    await symlink(join(outside, "secret"), join(folder, "secret"));
    assert.equal(hashFiles(folder, ["none", "out/secret", "secret", "out"]), "");
  });

  test("refuses what leads out, and far too much", async (t) => {
    const folder = await temporaryFolder(t);
    assert.throws(() => hashFiles(folder, ["../x"]), /the pattern "..\/x" leads out/);
    await writeFile(join(folder, "huge"), "");
    await truncate(join(folder, "huge"), 65 * 1024 * 1024);
    assert.throws(() => hashFiles(folder, ["huge"]), /over 67108864 bytes, with "huge"/);
  });
});
