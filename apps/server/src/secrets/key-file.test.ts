import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { openKeys } from "./key-file.ts";

async function settings(t: TestContext) {
  const stateDir = await mkdtemp(join(tmpdir(), "groundcrew-keys-"));
  t.after(() => rm(stateDir, { recursive: true }));
  return { stateDir, secretKeys: undefined, secretKeyFile: undefined };
}

suite("the server's keys", () => {
  test("are made at the first start, for the server's user alone, and kept", async (t) => {
    const given = await settings(t);
    const [first, raced] = await Promise.all([openKeys(given), openKeys(given)]);
    assert.deepEqual(raced.ids, first.ids);
    assert.deepEqual((await openKeys(given)).ids, first.ids);
    assert.equal((await stat(join(given.stateDir, "secret-keys"))).mode & 0o777, 0o600);
  });

  test("differ from server to server", async (t) => {
    assert.notEqual((await openKeys(await settings(t))).first.id, (await openKeys(await settings(t))).first.id);
  });

  test("come from the settings where these have some, and no file is made", async (t) => {
    const given = await settings(t);
    const keys = await openKeys({ ...given, secretKeys: Buffer.alloc(32, "a").toString("base64") });
    assert.equal(keys.ids.length, 1);
    await assert.rejects(readFile(join(given.stateDir, "secret-keys")), { code: "ENOENT" });
  });

  test("come from one place only", async (t) => {
    const given = { ...(await settings(t)), secretKeys: "x", secretKeyFile: "y" };
    await assert.rejects(openKeys(given), /GROUNDCREW_SECRET_KEYS and --secret-key-file exclude each other/);
  });

  test("are refused from a file that others can read, or that is not there", async (t) => {
    const given = await settings(t);
    const secretKeyFile = join(given.stateDir, "keys");
    await assert.rejects(openKeys({ ...given, secretKeyFile }), /--secret-key-file, .*keys, cannot be read: ENOENT/);
    await writeFile(secretKeyFile, Buffer.alloc(32, "a").toString("base64"));
    await chmod(secretKeyFile, 0o644);
    await assert.rejects(openKeys({ ...given, secretKeyFile }), /can be read by every user; chmod 600 it/);
  });
});
