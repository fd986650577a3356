import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { suite, test } from "node:test";
import { builtInProfiles, judgeStage, readOcp, type StageProfile } from "@groundcrew/vetting";
import { isAlive, startStage } from "./testing.ts";

const profile = builtInProfiles.get("demo")?.stages.find((stage) => stage.name === "cpu_stress") as StageProfile;
const skip = hasStressNg() ? false : "needs stress-ng (Debian package stress-ng)";

function hasStressNg(): boolean {
  try {
    execFileSync("stress-ng", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function judge(ocp: string) {
  return judgeStage(profile, { outcome: "completed", exitCode: 0, ocp });
}

suite("CPU stress", () => {
  test("measures each segment, keeps its files, and passes a sound machine", { skip }, async (t) => {
    const { ended } = await startStage(t, "cpu_stress", { parameters: { segments: 2, segment_seconds: 1 } });
    const { exitCode, ocp, files, log } = await ended;
    const result = judge(ocp);
    assert.ok(["pass", "warn"].includes(result.verdict), result.reasons.join("; "));
    assert.equal(exitCode, 0);
    assert.deepEqual(files, ["segment-1.log", "segment-1.yaml", "segment-2.log", "segment-2.yaml"]);
    const run = readOcp(ocp);
    assert.deepEqual(run.files.map((file) => file.uri).toSorted(), files);
    for (const series of run.series) assert.equal(series.values.length, 2, series.name);
    assert.equal(run.software[0]?.name, "stress-ng");
    assert.match(log, /^segment 2 of 2: \d+ bogo operations a second for 1\.\d s, .*wrong results 0$/m);
  });

  test("a counter that this machine does not have is absent, never 0", { skip }, async (t) => {
    const { ended } = await startStage(t, "cpu_stress", { parameters: { segments: 1, segment_seconds: 1 } });
    const run = readOcp((await ended).ocp);
    const measured = new Set(run.measurements.map((measurement) => measurement.name));
    const absent = new Set(run.absences.flatMap((absence) => absence.metrics));
    for (const metric of ["cpu_stress.throttle_events", "cpu_stress.machine_checks"]) {
      assert.ok(measured.has(metric) !== absent.has(metric), `${metric} is either measured or told as absent`);
    }
  });

  test("stress-ng stopped early exits 0 and calls itself successful; it is an error", { skip }, async (t) => {
    const stage = await startStage(t, "cpu_stress", { parameters: { segments: 1, segment_seconds: 20 } });
    const [, pid] = await stage.said(/^stress-ng runs as process (\d+)$/);
    await stage.said(/dispatching hogs/);
    process.kill(Number(pid), "SIGTERM");
    const { ocp } = await stage.ended;
    const { verdict, reasons } = judge(ocp);
    assert.equal(verdict, "error", reasons.join("; "));
  });

  test("stress-ng killed in a segment leaves nothing to judge; it is an error", { skip }, async (t) => {
    const stage = await startStage(t, "cpu_stress", { parameters: { segments: 3, segment_seconds: 20 } });
    const [, pid] = await stage.said(/^stress-ng runs as process (\d+)$/);
    await stage.said(/dispatching hogs/);
    process.kill(Number(pid), "SIGKILL");
    const { ocp } = await stage.ended;
    const { verdict, reasons } = judge(ocp);
    assert.equal(verdict, "error", reasons.join("; "));
    assert.match(reasons.join("\n"), /tool-failed: .*SIGKILL/);
    assert.match(reasons.join("\n"), /completed_share is 0;/);
  });

  test("SIGTERM stops stress-ng too, and the record ends as a skip", { skip }, async (t) => {
    const stage = await startStage(t, "cpu_stress", { parameters: { segments: 1, segment_seconds: 20 } });
    const [, pid] = await stage.said(/^stress-ng runs as process (\d+)$/);
    await stage.said(/dispatching hogs/);
    process.kill(stage.pid, "SIGTERM");
    const { exitCode, ocp } = await stage.ended;
    assert.equal(isAlive(Number(pid)), false);
    assert.equal(exitCode, 143);
    assert.deepEqual(readOcp(ocp).end, { status: "SKIP", result: "NOT_APPLICABLE" });
    assert.equal(judgeStage(profile, { outcome: "canceled", ocp }).verdict, "canceled");
    assert.notEqual(judge(ocp).verdict, "pass");
  });

  test("without stress-ng is an error that names the Debian package", async (t) => {
    const { ended } = await startStage(t, "cpu_stress", { path: "/nonexistent" });
    const { ocp, files } = await ended;
    const run = readOcp(ocp);
    assert.deepEqual(run.errors, [
      { symptom: "tool-missing", message: "stress-ng is not installed (Debian package stress-ng)" },
    ]);
    assert.deepEqual(run.end, { status: "ERROR", result: "NOT_APPLICABLE" });
    const { verdict, reasons } = judge(ocp);
    assert.equal(verdict, "error");
    assert.ok(reasons.includes("tool-missing: stress-ng is not installed (Debian package stress-ng)"));
    assert.deepEqual(files, []);
  });
});
