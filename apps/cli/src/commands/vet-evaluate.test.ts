import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { ExitCode } from "../exit-codes.ts";
import { runCrew } from "../run.ts";
import { memoryIo } from "../testing/memory-io.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const NVME = {
  smartctl: {},
  device: { name: "/dev/nvme0" },
  smart_status: { passed: true },
  nvme_smart_health_information_log: { critical_warning: 0, media_errors: 0 },
};

/** What `crew vet evaluate smart` says of a file with this in it. No server is known to it. */
async function evaluate(t: TestContext, content: string, ...flags: string[]) {
  const file = join(await temporaryFolder(t), "capture");
  await writeFile(file, content);
  const io = memoryIo();
  const exitCode = await runCrew(["vet", "evaluate", "smart", file, ...flags], io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

suite("crew vet evaluate", () => {
  test("judges a capture without a server, and its exit code tells a pass", async (t) => {
    const { exitCode, stdout } = await evaluate(t, JSON.stringify(NVME));
    assert.equal(exitCode, ExitCode.ok);
    assert.match(stdout, /^verdict: pass\n/);
    assert.match(stdout, /smart\.media_errors +0\n/);
  });

  test("answers in JSON: verdict, reasons, metrics", async (t) => {
    const failing = { ...NVME, nvme_smart_health_information_log: { critical_warning: 4, media_errors: 0 } };
    const { exitCode, stdout } = await evaluate(t, JSON.stringify(failing), "-o", "json");
    assert.equal(exitCode, ExitCode.unsuccessful);
    const { verdict, reasons, metrics } = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(verdict, "fail");
    assert.deepEqual(reasons, ["smart.critical_warnings is 4; = 0 is wanted"]);
    assert.deepEqual((metrics as Record<string, number>)["smart.critical_warnings"], 4);
  });

  test("calls what it cannot read an error, and writes nothing of it on the terminal", async (t) => {
    const { exitCode, stdout } = await evaluate(t, "\u001b[2Jnot JSON");
    assert.equal(exitCode, ExitCode.unsuccessful);
    assert.match(stdout, /^verdict: error\n {2}this is not the JSON/);
    assert.ok(!stdout.includes("\u001b"));
  });
});
