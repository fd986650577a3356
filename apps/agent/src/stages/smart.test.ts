import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { judgeStage, readOcp } from "@groundcrew/vetting";
import { smart } from "./smart.ts";
import { withDriveGrowth } from "./smart/growth.ts";
import { COMPLETE } from "./stage.ts";
import { runHere, standIns, stanza } from "./testing.ts";

const PROFILE = stanza(
  "smart",
  `
timeout: 10m
gates:
  - { metric: smart.drives, op: ">=", value: 1, severity: error }
  - { metric: smart.unjudged_drives, op: "=", value: 0, severity: error }
  - { metric: smart.lost_drives, op: "=", value: 0 }
  - { metric: smart.health_passed, op: "=", value: 1 }
  - { metric: smart.pending_sectors, op: "=", value: 0, optional: true }
  - { metric: smart.media_errors, op: "=", value: 0, optional: true }
  - { metric: smart.self_test_failures, op: "=", value: 0, optional: true }
  - { metric: smart.self_tests_completed_share, op: "=", value: 1, severity: error }
  - { metric: smart.grown_errors, op: "=", value: 0, optional: true }
`,
);

const TOOL = { version: [7, 3], exit_status: 0 };
// Bits 2 and 6: a command of many failed, and its error log is not empty. It tells all that is asked.
const ATA_EXIT = 68;

/** A disk: `status` of its self-test as ATA counts it. */
function ata(status = 0, pending = 0) {
  return {
    smartctl: { ...TOOL, exit_status: ATA_EXIT },
    device: { name: "/dev/sda", type: "sat", protocol: "ATA" },
    model_name: "Example Disk",
    serial_number: "A1",
    smart_status: { passed: true },
    ata_smart_data: {
      self_test: { status: { value: status, string: "as the drive says" }, polling_minutes: { short: 1 } },
      capabilities: { self_tests_supported: true, conveyance_self_test_supported: false },
    },
    ata_smart_attributes: {
      table: [
        { id: 188, name: "Command_Timeout", raw: { value: 9 }, when_failed: "", flags: { prefailure: false } },
        { id: 197, name: "Current_Pending_Sector", raw: { value: pending }, when_failed: "", flags: {} },
      ],
    },
  };
}

function nvme(mediaErrors = 0) {
  return {
    smartctl: TOOL,
    device: { name: "/dev/nvme0", type: "nvme", protocol: "NVMe" },
    model_name: "Example Flash",
    serial_number: "N1",
    smart_status: { passed: true },
    nvme_smart_health_information_log: { critical_warning: 0, media_errors: mediaErrors },
  };
}

function nvmeLog(operation: number, results: number[]) {
  return {
    "Current Device Self-Test Operation": operation,
    "Current Device Self-Test Completion": 40,
    "List of Valid Reports": results.map((result) => ({ "Self test result": result, "Self test code": 1 })),
  };
}

/** What the stand-ins answer: before the self-test, while it runs, and after it. */
interface Drives {
  ata?: [before: object, running: object, after: object];
  nvme?: { before: object; after: object; log: [before: object, running: object, after: object] };
}

// Asked how a self-test is, a drive answers "running" twice after its start. `tested` counts the answers.
const ASK = `answer() { n=$(cat "$S/$1.tested" 2>/dev/null || echo 0); [ "$n" = 0 ] && { cat "$S/$1.0"; return; }
  echo $((n + 1)) > "$S/$1.tested"; if [ "$n" -lt 3 ] || [ -e "$S/stuck" ]; then cat "$S/$1.1"; else cat "$S/$1.2"; fi; }`;

const SMARTCTL = `S=$(dirname "$0"); echo "smartctl $*" >> "$S/calls"; ${ASK}
case "$*" in
  --version) echo "smartctl 7.3 2022-02-28" ;;
  *--scan-open*) cat "$S/scan" ;;
  *" -t "*) echo 1 > "$S/ata.tested" ;;
  *-X*) ;;
  *" -x "*nvme0) cat "$S/nvme.x$([ -e "$S/nvme.tested" ] && echo 2)" ;;
  *" -x "*) if [ -e "$S/ata.tested" ]; then cat "$S/ata.2"; else cat "$S/ata.0"; fi; exit ${ATA_EXIT} ;;
  *) answer ata; exit ${ATA_EXIT} ;;
esac`;

const NVME = `S=$(dirname "$0"); echo "nvme $*" >> "$S/calls"; ${ASK}
case "$*" in
  id-ctrl*) echo '{"oacs":16,"edstt":30}' ;;
  *"-s 1") echo 1 > "$S/nvme.tested" ;;
  self-test-log*) answer nvme ;;
esac`;

async function setUp(t: TestContext, { ata: disk, nvme: flash }: Drives, { withNvme = true } = {}) {
  const folder = standIns(t, {
    smartctl: SMARTCTL,
    lsblk: `echo '{"blockdevices":[{"name":"vda","type":"disk","size":1000}]}'`,
    nvme: withNvme ? NVME : "exit 1",
  });
  const put = (name: string, content: object) => writeFile(join(folder, name), JSON.stringify(content));
  const devices = [
    ...(disk ? [{ name: "/dev/sda", type: "sat", protocol: "ATA" }] : []),
    ...(flash ? [{ name: "/dev/nvme0", type: "nvme", protocol: "NVMe" }] : []),
  ];
  await put("scan", { smartctl: TOOL, ...(devices.length > 0 && { devices }) });
  for (const [n, answer] of (disk ?? []).entries()) await put(`ata.${n}`, answer);
  for (const [n, answer] of (flash?.log ?? []).entries()) await put(`nvme.${n}`, answer);
  if (flash) await Promise.all([put("nvme.x", flash.before), put("nvme.x2", flash.after)]);
  return { folder, calls: () => readFile(join(folder, "calls"), "utf8") };
}

const SOUND_DISK: Drives["ata"] = [ata(), ata(0xf4), ata()];
const PARAMETERS = { self_tests: ["short"], poll_seconds: 0.01 };

async function vet(folder: string, parameters: Record<string, unknown> = PARAMETERS) {
  const ran = await runHere(smart, { folder, parameters });
  assert.equal(ran.error, undefined);
  return { ...ran, run: readOcp(ran.ocp), result: judgeStage(PROFILE, { outcome: "completed", ocp: ran.ocp }) };
}

suite("the drives' own word", () => {
  test("passes a disk and a flash drive after their self-tests, whatever smartctl exits with", async (t) => {
    const log: NonNullable<Drives["nvme"]>["log"] = [nvmeLog(0, [15]), nvmeLog(1, [15]), nvmeLog(0, [0, 15])];
    const { folder } = await setUp(t, { ata: SOUND_DISK, nvme: { before: nvme(), after: nvme(), log } });
    const { result, run, said } = await vet(folder, { ...PARAMETERS, self_tests: ["short", "conveyance"] });
    assert.deepEqual(result.reasons, []);
    assert.equal(result.verdict, "pass");
    const parts = run.measurements.filter(({ name }) => name === "smart.health_passed").map(({ part }) => part);
    assert.deepEqual(parts, ["disk A1", "disk N1"]);
    assert.deepEqual(
      run.files.map(({ uri }) => uri).toSorted(),
      ["after", "before"].flatMap((when) => [`smart-${when}-0-sda.json`, `smart-${when}-1-nvme0.json`]),
    );
    const absent = run.absences.map(({ what, why }) => `${what}: ${why}`);
    assert.ok(absent.includes("conveyance self-test of disk A1: the drive offers no conveyance self-test"));
    assert.ok(absent.some((line) => line.startsWith("/dev/vda: smartctl does not find it")));
    assert.ok(said.includes("disk A1: self-test: 60 % done"), said.join("\n"));
    assert.ok(said.includes("disk N1: self-test: 40 % done"));
  });

  const failures: [what: string, drives: Drives, reason: RegExp][] = [
    [
      "a disk that fails its self-test",
      { ata: [ata(), ata(0xf4), ata(0x70)] },
      /^smart\.self_test_failures of disk A1 is 1; = 0 is wanted$/,
    ],
    [
      "a flash drive that fails its self-test",
      {
        nvme: { before: nvme(), after: nvme(), log: [nvmeLog(0, [15]), nvmeLog(1, [15]), nvmeLog(0, [7])] },
      },
      /^smart\.self_test_failures of disk N1 is 1; /,
    ],
    [
      "a disk that loses a sector meanwhile",
      { ata: [ata(), ata(0xf4), ata(0, 8)] },
      /^smart\.grown_errors of disk A1 is 8; /,
    ],
    [
      "a disk that no longer answers after its self-test",
      { ata: [ata(), ata(0xf4), { smartctl: TOOL, ata_smart_data: ata().ata_smart_data }] },
      /^smart\.lost_drives is 1; /,
    ],
  ];
  for (const [what, drives, reason] of failures) {
    test(`fails ${what}`, async (t) => {
      const { folder } = await setUp(t, drives);
      const { result } = await vet(folder);
      assert.equal(result.verdict, "fail", result.reasons.join("\n"));
      assert.ok(
        result.reasons.some((line) => reason.test(line)),
        result.reasons.join("\n"),
      );
    });
  }

  test("a self-test that was stopped by something else is an error, not a pass", async (t) => {
    const { folder } = await setUp(t, { ata: [ata(), ata(0xf4), ata(0x10)] });
    const { result } = await vet(folder);
    assert.equal(result.verdict, "error");
    assert.match(result.reasons.join("\n"), /self_tests_completed_share of disk A1 is 0; /);
  });

  test("is an error without drives, and where nothing can ask for the self-test", async (t) => {
    const none = await setUp(t, {});
    const { result } = await vet(none.folder);
    assert.equal(result.verdict, "error");
    assert.match(result.reasons.join("\n"), /smart\.drives is 0; >= 1 is wanted/);
    const log: NonNullable<Drives["nvme"]>["log"] = [{}, {}, {}];
    const mute = await setUp(t, { nvme: { before: nvme(), after: nvme(), log } }, { withNvme: false });
    assert.equal((await vet(mute.folder)).result.verdict, "error");
  });

  test("around another stage, tells what the drives came to count during it", async (t) => {
    const { folder } = await setUp(t, { ata: [ata(), ata(), ata(0, 3)] });
    const working = withDriveGrowth(async ({ ocp, program }) => {
      ocp.start({ ...program, parameters: {}, dutInfo: { dutInfoId: "x" } });
      await writeFile(join(folder, "ata.tested"), "9");
      return COMPLETE;
    });
    const run = readOcp((await runHere(working, { folder })).ocp);
    const grown = run.measurements.filter(({ name }) => name.startsWith("smart.gro"));
    assert.deepEqual(
      grown.map(({ name, value, part }) => [name, value, part]),
      [
        ["smart.growth.pending_sectors", 3, "disk A1"],
        ["smart.growth.pending_sectors.before", 0, "disk A1"],
        ["smart.growth.pending_sectors.after", 3, "disk A1"],
        ["smart.grown_errors", 3, "disk A1"],
      ],
    );
  });

  test("is an error without smartctl, which names the Debian package", async (t) => {
    const folder = standIns(t, { smartctl: "echo nothing of the kind" });
    const { run } = await vet(folder);
    assert.equal(run.errors[0]?.symptom, "tool-failed");
  });

  test("stops the self-test in the drive when the stage is told to stop", async (t) => {
    const { folder, calls } = await setUp(t, { ata: SOUND_DISK });
    await writeFile(join(folder, "stuck"), "");
    const controller = new AbortController();
    const onSay = (line: string) => line.includes("60 % done") && controller.abort(new Error("canceled"));
    const ran = await runHere(smart, { folder, parameters: PARAMETERS, signal: controller.signal, onSay });
    assert.match(String(ran.error), /abort/i);
    assert.match((await calls()).trim().split("\n").at(-1) ?? "", /-X --device sat \/dev\/sda$/);
  });
});
