import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite, test } from "node:test";
import { builtInProfiles, type GatedStage, judgeStage, readOcp } from "@groundcrew/vetting";
import { cpuStress } from "./cpu-stress.ts";
import { isAlive, runHere, skipWithout, standIns, startStage } from "./testing.ts";

const demo = builtInProfiles.get("demo")?.stages.find((stage) => stage.name === "cpu_stress") as GatedStage;
// Other tests load the machine as well: of a segment of one second, stress-ng may miss a part.
const isShare = ({ metric }: GatedStage["gates"][number]): boolean => metric === "cpu_stress.completed_share";
const profile = { ...demo, gates: demo.gates.map((gate) => (isShare(gate) ? { ...gate, value: 0.5 } : gate)) };
const skip = skipWithout("stress-ng");

/** Each run of it, of which the file's name tells the number, computes a tenth less a second than the first. */
const STRESS_NG = `[ "$1" = --version ] && { echo "stress-ng, version 0.15.06"; exit; }
for file; do :; done
number=$(echo "$file" | tr -dc 0-9)
echo "stress-ng: info:  [1] dispatching hogs: 2 cpu" >&2
cat > "$file" <<EOF
system-info:
      cpus-online: 2
metrics:
    - stressor: cpu
      bogo-ops: 100
      bogo-ops-per-second-real-time: $((110 - number * 10)).0
      wall-clock-time: 1.0
EOF`;

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
    const kinds = ["json", "log", "yaml"];
    const kept = [1, 2].flatMap((number) => kinds.map((kind) => `segment-${number}.${kind}`));
    assert.deepEqual(files, ["cpu-stress-beginning.json", ...kept]);
    const run = readOcp(ocp);
    assert.deepEqual(run.files.map((file) => file.uri).toSorted(), kept);
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

  test("goes on after the segments that an earlier try measured, and judges them all", async (t) => {
    const folder = standIns(t, { "stress-ng": STRESS_NG });
    const previous = await mkdtemp(join(tmpdir(), "groundcrew-earlier-"));
    t.after(() => rm(previous, { recursive: true, force: true }));
    const parameters = { segments: 4, segment_seconds: 1 };
    const controller = new AbortController();
    const cut = (line: string) =>
      line.startsWith("segment 3 of 4: 1 s") && controller.abort(new Error("the agent died"));
    const first = await runHere(cpuStress, { folder: previous, parameters, signal: controller.signal, onSay: cut });
    assert.ok(first.error !== undefined);
    const resumed = await runHere(cpuStress, { folder, parameters, previous });
    assert.equal(resumed.error, undefined);
    assert.ok(
      resumed.said.includes("going on after segment 2 of 4, which an earlier try ran"),
      resumed.said.join("\n"),
    );
    const run = readOcp(resumed.ocp);
    assert.equal(run.series.find(({ name }) => name === "cpu_stress.segment.bogo_ops")?.values.length, 4);
    const value = (name: string) => run.measurements.find((measurement) => measurement.name === name)?.value;
    assert.deepEqual([value("cpu_stress.segments"), value("cpu_stress.resumed_segments")], [4, 2]);
    // The stand-in computes 100, then 90, 80 and 70 a second: as a machine that heats up.
    assert.equal(value("cpu_stress.throughput_trend"), 0.7);
    const other = await runHere(cpuStress, { folder, parameters: { ...parameters, segments: 1 }, previous });
    assert.ok(!other.said.some((line) => line.startsWith("going on")), "other parameters are another test");
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
