import assert from "node:assert/strict";
import { judgeStage } from "../evaluate.ts";
import { INVENTORY_EXTENSION, type Inventory } from "../inventory.ts";
import { profileFor, type StageProfile } from "../profile.ts";
import { builtInProfiles } from "../profiles/built-in.ts";
import { finishReporting, nextOf, recordStage, startRun } from "../run.ts";
import { recordOf } from "../testing.ts";
import type { ReportInput } from "./input.ts";

/** When the run starts: milliseconds since 1970. */
export const NOON = Date.UTC(2026, 0, 2, 12);

/** A demo run of which both stages passed, on a machine whose drive has this serial number. */
export function reportInput(serial = "S-1"): ReportInput {
  const evidence = { inventory: inventoryRecord(serial), cpu_stress: stressRecord() };
  const profile = builtInProfiles.get("demo");
  assert.ok(profile !== undefined);
  let run = startRun(profileFor(profile, { hasSpec: false }));
  for (let next = nextOf(run); next.kind === "run_stage"; next = nextOf(run)) {
    const { stage } = next;
    const stageProfile: StageProfile | undefined = profile.stages.find((one) => one.name === stage);
    assert.ok(stageProfile !== undefined && (stage === "inventory" || stage === "cpu_stress"));
    run = recordStage(run, judgeStage(stageProfile, { outcome: "completed", ocp: evidence[stage] }));
  }
  return {
    runId: "42",
    run: finishReporting(run),
    machine: { name: "rack-7", vendor: "Maker", serial, macs: ["02:00:00:00:00:01"] },
    stages: [
      { stage: "inventory", startedAtMs: NOON, finishedAtMs: NOON + 1500, ocp: evidence.inventory },
      { stage: "cpu_stress", startedAtMs: NOON + 2000, finishedAtMs: NOON + 14_200, ocp: evidence.cpu_stress },
    ],
    evidence: [{ stage: "inventory", name: "lscpu.json", size: 4432, sha256: "ab".repeat(32) }],
    serverVersion: "1.2.3",
    agentVersion: "1.2.4",
    generatedAtMs: NOON + 20_000,
  };
}

function inventoryRecord(serial: string): string {
  const inventory: Inventory = {
    cpu: { model: "Example CPU", sockets: 1, cores: 4, threads: 8, microcode: "0x2b" },
    memory: { totalBytes: 34_359_738_368 },
    dimms: [{ locator: "A1", sizeBytes: 34_359_738_368, type: "DDR5", serial: "D-1" }],
    disks: [{ name: "nvme0n1", sizeBytes: 1_920_383_410_176, model: "Fast drive", serial }],
    nics: [{ name: "eth0", mac: "02:00:00:00:00:01", device: "0000:01:00.0", driver: "card", speedMbps: 25_000 }],
    pci: [
      {
        slot: "0000:01:00.0",
        class: "Ethernet controller [0200]",
        vendor: "Maker",
        device: "Card",
        link: "8.0 GT/s PCIe x4",
      },
    ],
    kernel: "6.1.0",
    dmi: { board_serial: serial },
  };
  return recordOf((ocp) => {
    ocp.measurement("cpu.threads", 8);
    ocp.measurement("memory.total_bytes", 34_359_738_368, "B");
    ocp.measurement("disk.count", 1);
    ocp.measurement("nic.count", 1);
    ocp.measurement("dimm.count", 1);
    ocp.absent({
      what: "PCI devices",
      why: "lspci is not installed (Debian package pciutils)",
      metrics: ["pci.count"],
    });
    ocp.absent({ what: "serials", why: "only root may read them", metrics: [] });
    ocp.extension(INVENTORY_EXTENSION, inventory);
  });
}

/** The record of a cpu_stress that passes the demo. */
export function stressRecord(): string {
  return recordOf((ocp) => {
    for (const rate of [3210, 2987, 3333]) ocp.seriesValue("cpu_stress.segment.bogo_ops_per_second", rate, "1/s");
    ocp.measurement("cpu_stress.verify_failures", 0);
    ocp.measurement("cpu_stress.bogo_ops_per_second.min", 2987, "1/s");
    ocp.measurement("cpu_stress.completed_share", 1);
    ocp.measurement("cpu_stress.idle_cpus", 0);
    ocp.measurement("cpu_stress.throughput_spread", 0.93);
  });
}
