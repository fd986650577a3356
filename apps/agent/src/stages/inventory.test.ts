import assert from "node:assert/strict";
import { availableParallelism, totalmem } from "node:os";
import { suite, test } from "node:test";
import { builtInProfiles, inventoryOf, judgeStage, readOcp, type StageProfile } from "@groundcrew/vetting";
import { startStage } from "./testing.ts";

const profile = builtInProfiles.get("demo")?.stages.find((stage) => stage.name === "inventory") as StageProfile;

suite("the inventory of this machine", () => {
  test("passes the demo's gates, and agrees with what the runtime sees", async (t) => {
    const { ended } = await startStage(t, "inventory");
    const { exitCode, ocp } = await ended;
    const run = readOcp(ocp);
    const result = judgeStage(profile, { outcome: "completed", ocp });
    if (run.absences.some((absence) => absence.metrics.includes("cpu.threads"))) {
      return t.skip("needs lscpu and lsblk (Debian package util-linux)");
    }
    assert.ok(["pass", "warn"].includes(result.verdict), result.reasons.join("; "));
    assert.equal(exitCode, 0);
    const value = (name: string) => run.measurements.find((measurement) => measurement.name === name)?.value;
    assert.ok(Number(value("cpu.threads")) >= availableParallelism());
    assert.equal(value("memory.total_bytes"), totalmem());
  });

  test("keeps what the tools wrote, and names each file on the record", async (t) => {
    const { ended } = await startStage(t, "inventory");
    const { ocp, files } = await ended;
    const run = readOcp(ocp);
    assert.deepEqual(run.files.map((file) => file.uri).toSorted(), files);
    assert.ok(files.includes("inventory.json") && files.includes("proc-meminfo.txt"));
    assert.deepEqual(run.problems, []);
  });

  test("counts what it lists, and lists nothing where it counts nothing", async (t) => {
    const { ended } = await startStage(t, "inventory");
    const run = readOcp((await ended).ocp);
    const found = inventoryOf(run);
    assert.ok(found !== undefined);
    const count = (name: string) => run.measurements.find((measurement) => measurement.name === name)?.value;
    assert.equal(count("disk.count"), found.disks?.length);
    assert.equal(count("dimm.count"), found.dimms?.length);
    assert.equal(count("pci.count"), found.pci?.length);
    assert.equal(count("nic.count"), found.nics?.filter((nic) => nic.device !== undefined).length);
    for (const { metrics } of run.absences) for (const metric of metrics) assert.equal(count(metric), undefined);
  });

  test("without any tool ends well, but is not judged good: the reason names the Debian package", async (t) => {
    const { ended } = await startStage(t, "inventory", { path: "/nonexistent" });
    const { exitCode, ocp } = await ended;
    assert.equal(exitCode, 0);
    const { verdict, reasons } = judgeStage(profile, { outcome: "completed", ocp });
    assert.equal(verdict, "error");
    assert.match(
      reasons.join("\n"),
      /cpu\.threads was not measured: lscpu is not installed \(Debian package util-linux\)/,
    );
    assert.equal(readOcp(ocp).end?.status, "COMPLETE");
  });
});
