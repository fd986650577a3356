import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { type GatedStage, judgeStage, readOcp } from "@groundcrew/vetting";
import { noLoopDevices, PlayedMachine } from "./storage/testing.ts";
import { skipWithout, standInPath, startStage } from "./testing.ts";

const skip = skipWithout("fio");

/** What a good target does. */
const profile: GatedStage = {
  name: "storage",
  required: true,
  timeoutMs: 60_000,
  parameters: {},
  gates: [
    { ...gate("storage.targets", ">=", 1), severity: "error" },
    gate("storage.errors", "=", 0),
    gate("storage.verify.errors", "=", 0),
    gate("storage.sequential.read_bytes_per_second", ">", 0),
    gate("storage.random.read_latency_p999", ">", 0),
  ],
};

function gate(metric: string, op: "=" | ">" | ">=", value: number): GatedStage["gates"][number] {
  return { metric, op, value, severity: "fail", optional: false };
}

/** Puts a stand-in before fio: a shell script that is given fio's arguments. */
function standIn(t: TestContext, script: string): { path: string } {
  return { path: standInPath(t, "fio", script) };
}

/** What fio says of a job that ran to its end. */
function fioJson(job: Record<string, unknown>, bytes: number): string {
  const moved = {
    io_bytes: bytes,
    bw_bytes: bytes,
    iops: 1,
    clat_ns: { max: 5000, percentile: { "99.900000": 4000 } },
  };
  const document = { "fio version": "fio-3.33", jobs: [{ jobname: "j", error: 0, read: moved, write: moved, ...job }] };
  return JSON.stringify(document, undefined, 2);
}

const files = [{ file: "groundcrew-scratch", size: "4MiB" }];

suite("storage", () => {
  test("writes a file of its own and reads it back, measures it, and leaves nothing of it", { skip }, async (t) => {
    const { ended } = await startStage(t, "storage", { parameters: { targets: files, seconds: 1 } });
    const { exitCode, ocp, files: kept, log } = await ended;
    const { verdict, reasons } = judgeStage(profile, { outcome: "completed", ocp });
    assert.equal(verdict, "pass", `${reasons.join("; ")}\n${log}`);
    assert.equal(exitCode, 0);
    assert.deepEqual(kept, ["file-1-random.json", "file-1-sequential.json", "file-1-verify.json"]);
    assert.ok(!readdirSync(tmpdir()).includes("groundcrew-scratch"));
    const run = readOcp(ocp);
    assert.deepEqual(run.problems, []);
    const verified = run.measurements.find(({ name }) => name === "storage.verify.read_bytes");
    assert.deepEqual([verified?.value, verified?.part], [4 * 2 ** 20, "file groundcrew-scratch"]);
  });

  test("never touches a file that exists: that is an error", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "groundcrew-precious-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "precious");
    writeFileSync(file, "data");
    const parameters = { targets: [{ file, size: "1MiB" }] };
    const { ended } = await startStage(t, "storage", { parameters, ...standIn(t, "echo fio-3.33") });
    const { verdict, reasons } = judgeStage(profile, { outcome: "completed", ocp: (await ended).ocp });
    assert.equal(verdict, "error");
    assert.match(reasons.join("\n"), /nothing-to-test: file .*precious: EEXIST/);
    assert.equal(readFileSync(file, "utf8"), "data");
  });

  test("data that comes back wrong fails, although fio goes on and exits with 0", async (t) => {
    const job = { error: 84, total_err: 3 };
    const script = `case "$*" in *--version*) echo fio-3.33 ;; *verify*) cat <<'E'
${fioJson(job, 4 * 2 ** 20)}
E
;; *) cat <<'E'
${fioJson({}, 4 * 2 ** 20)}
E
esac`;
    const { ended } = await startStage(t, "storage", {
      parameters: { targets: files, seconds: 1 },
      ...standIn(t, script),
    });
    const { verdict, reasons } = judgeStage(profile, { outcome: "completed", ocp: (await ended).ocp });
    assert.equal(verdict, "fail");
    assert.match(reasons.join("\n"), /storage.verify.errors of file groundcrew-scratch is 3; = 0 is wanted/);
  });

  test("a fio that was killed, was stopped or did too little is an error, never a pass", async (t) => {
    const fio = standIn(
      t,
      `case "$*" in *--version*) echo fio-3.33 ;; *randread*) printf '\\nfio: terminating on signal 15\\n' ;;
*verify*) cat <<'E'
${fioJson({}, 1000)}
E
;; *) kill -9 $$
esac`,
    );
    const { ended } = await startStage(t, "storage", { parameters: { targets: files, seconds: 1 }, ...fio });
    const { verdict, reasons } = judgeStage(profile, { outcome: "completed", ocp: (await ended).ocp });
    assert.equal(verdict, "error");
    const said = reasons.join("\n");
    assert.match(said, /verify: 1000 of 4194304 bytes were written and read back/);
    assert.match(said, /sequential: this is not the JSON of fio/);
    assert.match(said, /random: this is not the JSON of fio/);
  });
});

// The drives are loop devices, which a played /sys shows as drives; everything that is done to them is real.
suite("storage on drives", { skip: skip || noLoopDevices() }, () => {
  test("destroys the data of the one drive that an operator named, and only reads the others", async (t) => {
    const machine = new PlayedMachine(t);
    const [spare, precious] = [machine.addDrive("sdx", { serial: "S1" }), machine.addDrive("sdy", { serial: "S2" })];
    const before = "what must stay".repeat(1000);
    for (const { loop } of [spare, precious]) writeFileSync(loop, before, { flag: "r+" });
    const stage = await startStage(t, "storage", {
      parameters: { seconds: 1, verify_size: "all" },
      env: {
        GROUNDCREW_SYSTEM_ROOT: machine.root,
        GROUNDCREW_STAGE_DESTRUCTIVE: "1",
        GROUNDCREW_STAGE_OVERRIDES: JSON.stringify({ destroyData: ["S1"] }),
      },
    });
    const { ocp, log } = await stage.ended;
    const { verdict, reasons } = judgeStage(profile, { outcome: "completed", ocp });
    assert.equal(verdict, "pass", `${reasons.join("; ")}\n${log}`);
    const { measurements } = readOcp(ocp);
    const parts = (metric: string) =>
      measurements
        .filter(({ name }) => name === metric)
        .map(({ part }) => part ?? "")
        .toSorted((a, b) => a.localeCompare(b));
    assert.deepEqual(parts("storage.verify.errors"), ["disk S1"]);
    assert.deepEqual(parts("storage.sequential.by_floor"), ["disk S1", "disk S2"]);
    assert.equal(readFileSync(precious.loop, "utf8").slice(0, before.length), before);
    assert.notEqual(readFileSync(spare.loop, "latin1").slice(0, before.length), before);
  });

  test("refuses on the agent what the server asks for, says why, and still reads", async (t) => {
    const machine = new PlayedMachine(t);
    const drive = machine.addDrive("sdx", { serial: "S1" });
    execFileSync("mkfs.ext4", ["-q", drive.loop]);
    const before = readFileSync(drive.loop);
    const stage = await startStage(t, "storage", {
      parameters: { seconds: 1 },
      env: {
        GROUNDCREW_SYSTEM_ROOT: machine.root,
        GROUNDCREW_STAGE_DESTRUCTIVE: "0",
        GROUNDCREW_STAGE_OVERRIDES: JSON.stringify({ destroyData: ["S1", "S9"] }),
      },
    });
    const { ocp } = await stage.ended;
    const { verdict, reasons } = judgeStage(profile, { outcome: "completed", ocp });
    assert.equal(verdict, "error");
    const said = reasons.join("\n");
    assert.match(said, /destruction-refused: sdx \(PLAYED, S1\): destructive tests are off/);
    assert.match(said, /destruction-refused: sdx \(PLAYED, S1\): it carries ext4, which no operator confirmed/);
    assert.match(said, /destruction-refused: "S9": no drive of this machine has this serial/);
    assert.ok(readOcp(ocp).measurements.some(({ name }) => name === "storage.random.read_iops"));
    assert.ok(readFileSync(drive.loop).equals(before));
  });
});
