import { temporaryFolder } from "@groundcrew/testkit";
import { execa } from "execa";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const bin = fileURLToPath(new URL("../../bin", import.meta.url));

for (const program of ["crew", "groundcrew-server", "groundcrew-agent"]) {
  test(`bin/${program} runs from any directory, also by a link`, async (t) => {
    const file = join(bin, program);
    if (!existsSync(file)) return t.skip(`bin/${program} does not exist yet`);
    const folder = await temporaryFolder(t);
    await symlink(file, join(folder, program));
    for (const path of [file, join(folder, program)]) {
      const { stdout, exitCode } = await execa(path, ["--version"], { cwd: folder, reject: false });
      assert.equal(exitCode, 0);
      assert.match(stdout, /\d+\.\d+\.\d+/);
    }
  });
}
