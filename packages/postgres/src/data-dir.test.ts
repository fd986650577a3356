import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import type { Account } from "./account.ts";
import { checkDataDir } from "./data-dir.ts";

let folder = "";
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "data-dir-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const uid = process.getuid?.() ?? -1;
const gid = process.getgid?.() ?? -1;
const self: Account = { name: "self", uid, gid, switchTo: undefined };
const other: Account = { name: "other", uid: uid + 1, gid: gid + 1, switchTo: { uid: uid + 1, gid: gid + 1 } };

function makeCluster(version = "18"): string {
  const dataDir = join(folder, "data");
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, "PG_VERSION"), `${version}\n`);
  return dataDir;
}

suite("a data directory", () => {
  test("may be absent, its parents too", async () => {
    assert.equal(await checkDataDir(join(folder, "a", "b", "data"), self, 18), "absent");
    assert(statSync(join(folder, "a", "b")).isDirectory());
  });

  test("may be empty", async () => assert.equal(await checkDataDir(folder, self, 18), "absent"));

  test("may hold a cluster of this version and owner", async () => {
    assert.equal(await checkDataDir(makeCluster(), self, 18), "cluster");
  });

  test("of another major version is refused, naming both", async () => {
    const message = /was made by Postgres 17, and this is Postgres 18: dump it/;
    await assert.rejects(checkDataDir(makeCluster("17"), self, 18), { code: "wrong_version", message });
  });

  test("of another owner is refused, naming both", async () => {
    chmodSync(folder, 0o755);
    const message = new RegExp(`belongs to user id ${uid}, but Postgres runs here as other \\(${uid + 1}\\)`);
    await assert.rejects(checkDataDir(makeCluster(), other, 18), { code: "wrong_owner", message });
  });

  test("that holds something else is refused", async () => {
    writeFileSync(join(folder, "letters.txt"), "");
    const message = /is not empty, and is no Postgres data directory/;
    await assert.rejects(checkDataDir(folder, self, 18), { code: "not_a_data_directory", message });
  });

  test("that is a file is refused, and one inside a file", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await assert.rejects(checkDataDir(file, self, 18), { code: "not_a_data_directory", message: /is a file/ });
    await assert.rejects(checkDataDir(join(file, "a", "data"), self, 18), {
      code: "closed_directory",
      message: /cannot be made/,
    });
  });

  test("behind a directory closed to the user of Postgres is refused, naming that directory", async () => {
    const inner = join(folder, "inner");
    mkdirSync(inner);
    const message = new RegExp(`to whom the directory ${folder} is closed: open it \\(chmod o\\+x ${folder}\\)`);
    await assert.rejects(checkDataDir(join(inner, "data"), other, 18), { code: "closed_directory", message });
  });
});
