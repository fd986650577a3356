import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { totalmem, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite, test, type TestContext } from "node:test";
import { judgeStage, readOcp } from "@groundcrew/vetting";
import { memory } from "./memory.ts";
import { SYSTEM_ROOT_VARIABLE } from "./sysfs.ts";
import { runHere, standIns, stanza } from "./testing.ts";

const PROFILE = stanza(
  "memory",
  `
timeout: 10m
gates:
  - { metric: memory.errors, op: "=", value: 0 }
  - { metric: memory.covered_share, op: ">=", value: 0.005, severity: error }
  - { metric: memory.completed_share, op: ">=", value: 0.99, severity: error }
  - { metric: memory.uncorrected_errors, op: "=", value: 0, optional: true }
  - { metric: memory.corrected_errors, op: "=", value: 0, severity: warn, optional: true }
`,
);

function skipWithout(tool: string): string | false {
  try {
    execFileSync("sh", ["-c", `command -v ${tool}`]);
    return false;
  } catch {
    return `needs ${tool} (Debian package ${tool})`;
  }
}

async function workFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-memory-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function vet(folder: string, parameters: Record<string, unknown>, onSay?: (line: string) => void) {
  const ran = await runHere(memory, { folder, parameters, ...(onSay && { onSay }) });
  assert.equal(ran.error, undefined);
  return { ...ran, run: readOcp(ran.ocp), result: judgeStage(PROFILE, { outcome: "completed", ocp: ran.ocp }) };
}

// Of 24 GB: 240 MiB. Enough to be seen, and soon filled.
const LITTLE = { share: 0.01, seconds: 1 };

/** A stressapptest that says this. It ends with 0, as the real one does when it is stopped. */
const SAYING = (lines: string) => `[ "$1" = --version ] && { echo "Stats: SAT revision 1.0.6, 64 bit"; exit; }
cat <<'EOF'
Stats: Starting SAT, 64M, 1 seconds
${lines}
EOF`;
const DONE = (seconds: string, incidents = 0, errors = 0) =>
  `Stats: Completed: 9.00M in ${seconds}s 9.00MB/s, with ${incidents} hardware incidents, ${errors} errors\n\nStatus: PASS`;

suite("memory", () => {
  test("passes sound memory by stressapptest, and measures how much of it was really held", async (t) => {
    const why = skipWithout("stressapptest");
    if (why !== false) return t.skip(why);
    const { result, run } = await vet(await workFolder(t), LITTLE);
    assert.equal(result.verdict, "pass", result.reasons.join("\n"));
    const value = (name: string) => Number(run.measurements.find((measurement) => measurement.name === name)?.value);
    assert.ok(value("memory.tested_bytes") >= 0.0095 * totalmem(), String(value("memory.tested_bytes")));
    assert.ok(value("memory.tested_bytes") < 0.02 * totalmem());
    assert.ok(
      run.absences.some(({ what }) => what.endsWith("% of memory")),
      "the uncovered share is told",
    );
  });

  const cases: [what: string, lines: string, verdict: string, reason: RegExp][] = [
    [
      "wrong data fails, though the tool may say PASS",
      `Hardware Error: miscompare on CPU 0(0x1) at 0x7f30(0xb6:DIMM Unknown)\n${DONE("1.00", 1)}`,
      "fail",
      /memory\.errors is 1; /,
    ],
    ["a run that was stopped early is an error", DONE("0.50"), "error", /completed_share is 0\.5; /],
    ["a run that left no sum is an error", "Log: Region mask: 0x1", "error", /memory\.errors was not measured: /],
    ["errors of the program itself are an error", DONE("1.00", 0, 2), "error", /2 errors of the program itself/],
    [
      "memory that was only asked for is not covered",
      DONE("1.00"),
      "error",
      /covered_share is 0(\.\d+)?; >= 0\.005 is wanted/,
    ],
  ];
  for (const [what, lines, verdict, reason] of cases) {
    test(what, async (t) => {
      const folder = standIns(t, { stressapptest: SAYING(lines) });
      const { result } = await vet(folder, LITTLE);
      assert.equal(result.verdict, verdict, result.reasons.join("\n"));
      assert.match(result.reasons.join("\n"), reason);
    });
  }

  test("names the module that corrected errors, by its slot on the board", async (t) => {
    const dmi = "Memory Device\\n\\tSize: 16 GB\\n\\tLocator: DIMM_A1\\n\\tBank Locator: P0\\n";
    const folder = standIns(t, {
      dmidecode: `printf '${dmi}'`,
      stressapptest: `${SAYING(DONE("1.00"))}\n[ "$1" = --version ] || echo 7 > "$(dirname "$0")/sys/devices/system/edac/mc/mc0/dimm0/dimm_ce_count"`,
    });
    const files = {
      "proc/meminfo": "MemTotal: 1048576 kB\nMemAvailable: 1000000 kB",
      "sys/devices/system/edac/mc/mc0/dimm0/dimm_ce_count": "3",
      "sys/devices/system/edac/mc/mc0/dimm0/dimm_ue_count": "0",
      "sys/devices/system/edac/mc/mc0/dimm0/dimm_label": "P0_DIMM_A1",
    };
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    process.env[SYSTEM_ROOT_VARIABLE] = folder;
    t.after(() => delete process.env[SYSTEM_ROOT_VARIABLE]);
    const { result } = await vet(folder, LITTLE);
    assert.match(result.reasons.join("\n"), /^memory\.corrected_errors of dimm DIMM_A1 is 4; = 0 is wanted$/m);
  });

  test("without stressapptest is an error, unless the profile allows stress-ng", async (t) => {
    const folder = standIns(t, {});
    const path = process.env["PATH"];
    process.env["PATH"] = folder;
    t.after(() => (process.env["PATH"] = path));
    const { run } = await vet(folder, { ...LITTLE, alternative: "none" });
    assert.ok(run.errors.length === 1);
  });
});
