import { assert as check, double, integer, property } from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { evaluateCapture } from "./evaluate-capture.ts";
import { neverPassesCut, prove } from "./testing.ts";

interface Run {
  stressor?: string;
  asked?: number;
  ran?: number;
  ops?: number;
  lines?: string[];
}

/** What stress-ng says on standard error, by version 0.15. */
function log({ stressor = "cpu", asked = 20, ran = asked + 0.01, ops = 4520, lines = [] }: Run): string {
  const said = [
    `info:  [7] setting to a ${asked} second run per stressor`,
    `info:  [7] dispatching hogs: 2 ${stressor}`,
    ...lines,
    "metrc: [7] stressor       bogo ops real time  usr time  sys time   bogo ops/s     bogo ops/s",
    `metrc: [7] ${stressor}   ${ops}   ${ran.toFixed(2)}   0.33   0.08   1505.83   1874.10`,
    `info:  [7] successful run completed in ${ran.toFixed(2)}s`,
  ];
  return said.map((line) => `stress-ng: ${line}\n`).join("");
}

function yaml({ stressor = "cpu", asked = 20, ran = asked + 0.01, ops = 4520 }: Run): string {
  return `---
system-info:
      stress-ng-version: 0.20.1
      totalram: 8589934592
      cpus-online: 2

metrics:
    - stressor: ${stressor}
      bogo-ops: ${ops}
      bogo-ops-per-second-real-time: 1505.832786
      wall-clock-time: ${ran}
      max-rss: 262144

...
`;
}

const WRONG = "fail:  [8] cpu: fft verification failed";

prove("cpu-stress", "stress-ng is judged on what it says and measured", [
  ["its log, to the end", log({}), "pass"],
  ["its YAML and its log", yaml({}) + log({}), "pass"],
  ["a wrong result", log({ lines: [WRONG] }), "fail", /verify_failures is 1/],
  ["stopped, though it calls itself successful", log({ ran: 1.96 }), "error", /1.96 s of 20 s/],
  ["killed: it never says that it ended", log({}).replace(/.*successful.*\n/, ""), "error", /killed/],
  ["nothing computed", log({ ops: 0 }), "error", /did nothing/],
  ["a wrong result counts though it was stopped", log({ ran: 2, lines: [WRONG] }), "fail"],
  ["its YAML alone does not tell of wrong results", yaml({}), "warn", /log_given/],
  ["and not that it was stopped, but by its odd time", yaml({ ran: 1.982 }), "error", /does not say how long/],
  ["stopped, by both", yaml({ ran: 2.001 }) + log({ ran: 2.001 }), "error"],
  ["a stressor of something else", log({ stressor: "vm" }), "error", /no stressor/],
  [
    "several stressors, one of them stopped",
    log({}).replace("metrc: [7] cpu ", "metrc: [7] matrix  10  3.00  0.10  0.10  1.0  1.0\nstress-ng: metrc: [7] cpu "),
    "error",
  ],
  ["the words of version 0.17", log({}).replace("20 second", "20 secs").replace("20.01s", "20.01 secs"), "pass"],
  ["minutes", log({ asked: 90, ran: 90.02 }).replace("90 second", "1 min, 30 secs"), "pass"],
  [
    "what could not be trusted",
    log({ lines: ["info:  [7] metrics untrustworthy: 1: cpu (1)"] }),
    "error",
    /untrustworthy/,
  ],
  ["failures that a summary counts", log({ lines: ["info:  [7] failed: 2: cpu (2)"] }), "fail"],
  ["none of them", log({ lines: ["info:  [7] failed: 0", "info:  [7] skipped: 0"] }), "pass"],
  ["without levels, as with --log-brief", log({}).replaceAll(/^stress-ng: \w+: +\[7\] /gm, ""), "pass"],
]);

const sat = (
  changes: { ran?: string; errors?: number; status?: string; lines?: string } = {},
): string => `Log: Commandline - stressapptest -s 20 -M 512
Stats: Starting SAT, 512M, 20 seconds
${changes.lines ?? ""}Stats: Completed: 64138.00M in ${changes.ran ?? "20.01"}s 3206.83MB/s, with 0 hardware incidents, ${changes.errors ?? 0} errors
Stats: Disk: 0.00M at 0.00MB/s

Status: ${changes.status ?? "PASS - please verify no corrected errors"}
`;

const memtester = `memtester version 4.6.0 (64-bit)
want 100MB (104857600 bytes)
got  100MB (104857600 bytes), trying mlock ...locked.
Loop 1/1:
  Stuck Address       : ok
  Random Value        : ok

Done.
`;

prove("memory", "tests of memory are judged on what they compared", [
  ["stressapptest, to the end", sat(), "pass"],
  ["a miscompare", sat({ errors: 1, status: "FAIL - test discovered HW problems" }), "fail", /errors is 1/],
  ["a failure that it does not count", sat({ status: "FAIL - test discovered HW problems" }), "fail"],
  ["a failure of its own", sat({ status: "FAIL - test encountered procedural errors" }), "error", /procedural/],
  [
    "stopped, though its status is PASS",
    sat({ ran: "2.00", lines: "Log: User exiting early (18 seconds remaining)\n" }),
    "error",
  ],
  ["memtester, to the end", memtester, "pass"],
  ["a failure", memtester.replace(": ok", ": FAILURE: 0x1 != 0x0 at offset 0x2000."), "fail", /errors is 1/],
  ["stopped in its loops", memtester.replace("1/1", "1/2"), "error"],
  ["stress-ng's vm", yaml({ stressor: "vm" }) + log({ stressor: "vm" }), "pass"],
  [
    "more than there is: nothing done",
    yaml({ stressor: "vm", ops: 0 }) + log({ stressor: "vm", ops: 0 }),
    "error",
    /did nothing/,
  ],
  ["a wrong bit", log({ stressor: "vm", lines: ["fail:  [8] vm: detected 1 bit error"] }), "fail"],
]);

suite("a capture of a stress test", () => {
  test("is never a pass when it is cut off, wherever", () => {
    neverPassesCut("cpu-stress", log({}));
    neverPassesCut("memory", sat());
    neverPassesCut("memory", memtester);
  });

  test("of any length passes when it ran to its end, and never when it was stopped before", () => {
    check(
      property(integer({ min: 5, max: 100_000 }), double({ min: 0, max: 0.9, noNaN: true }), (asked, share) => {
        assert.equal(evaluateCapture("cpu-stress", log({ asked })).verdict, "pass");
        assert.equal(evaluateCapture("cpu-stress", log({ asked, ran: asked * share })).verdict, "error");
      }),
      { numRuns: 100 },
    );
  });
});
