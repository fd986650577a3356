import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Local } from "../backends/local.ts";
import { runStep, stepOf } from "../backends/testing.ts";
import { measureTree } from "./measure-tree.ts";
import { withQuota } from "./with-quota.ts";

const MIB = 2 ** 20;
const backend = withQuota(new Local({ bubblewrap: undefined }), { maxBytes: MIB, intervalMs: 10 });

suite("a quota", () => {
  test("stops a step that fills its workspace, and says so", async (t) => {
    const { end } = await runStep(t, backend, 'head -c 4000000 /dev/zero >"$HOME/big"; exec sleep 1000');
    assert.deepEqual(end, { kind: "stopped", cause: { kind: "workspace_full", maxBytes: MIB }, signal: "SIGTERM" });
  });

  test("leaves alone a step that stays within it", async (t) => {
    const { end } = await runStep(t, backend, "head -c 4000 /dev/zero >small; sleep 0.1");
    assert.deepEqual(end, { kind: "exited", exitCode: 0 });
  });

  test("counts the disk that is taken: not holes, not what links lead to", async (t) => {
    const { workspace } = await stepOf(t, "");
    const measure = () => measureTree(workspace.root, { stopAtBytes: 1e12, signal: t.signal });
    const empty = await measure();
    await runStep(t, new Local({ bubblewrap: undefined }), "truncate -s 1G hole; ln -s / root", { workspace });
    assert.ok((await measure()) - empty < 64 * 1024);
    await writeFile(join(workspace.directory, "text"), "x".repeat(MIB));
    assert.ok((await measure()) - empty >= MIB);
  });
});
