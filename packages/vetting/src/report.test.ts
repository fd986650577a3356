import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { judgeStage } from "./evaluate.ts";
import { isSkipped } from "./profile.ts";
import { builtInProfiles } from "./profiles/built-in.ts";
import { renderReport } from "./report.ts";
import { reportInput, stressRecord } from "./report/testing.ts";
import { cancelRun, startRun } from "./run.ts";

const tags = (html: string) => html.match(/<[a-z/!][^>]*>/gi)?.length;

suite("the report", () => {
  const input = reportInput();
  const page = renderReport(input);
  /** Without the white space that a browser does not show. */
  const shown = page.replaceAll(/\s*\n\s*/g, "");

  const promised: [what: string, text: RegExp][] = [
    ["the verdict", /<strong><span class="verdict pass">✓ pass<\/span><\/strong>/],
    ["the machine", /<dt>Machine<\/dt><dd>rack-7<\/dd>/],
    ["the run's window", /<dt>Started<\/dt><dd>2026-01-02 12:00:00 UTC<\/dd>[^]*<dt>Took<\/dt><dd>14\.2 s<\/dd>/],
    ["numbers against gates", /cpu_stress\.bogo_ops_per_second\.min<\/code><\/td><td>2,987 1\/s<\/td><td><code>&gt; 0/],
    ["a chart of the segments", /<svg [^>]*role="img" aria-label="[^"]*3 bars from 2,987 to 3,333">/],
    ["modules", /<td>A1<\/td>/],
    ["drives", /<td>Fast drive<\/td><td>S-1<\/td>/],
    ["sizes of drives in powers of 1000", /<td>1\.92 TB<\/td>/],
    ["memory in powers of 1024", /<dd>32 GiB<\/dd>/],
    ["declared skips", /<li>smart: the demo reads no drive/],
    [
      "metrics that are absent, and why",
      /pci\.count was not measured: lspci is not installed \(Debian package pciutils\)/,
    ],
    ["what else is absent", /<li>inventory: no serials: only root may read them/],
    ["the evidence with its digests", /<td>lscpu\.json<\/td><td>4432<\/td><td><code>(?:ab){32}</],
    ["the programs' versions", /<dt>Server<\/dt><dd>1\.2\.3<\/dd>/],
    ["what a pass is worth", /A pass is a statement about the gates that were applied/],
  ];
  for (const [what, text] of promised) test(`has ${what}`, () => assert.match(shown, text));

  test("says each absence once", () => {
    assert.equal(page.split("lspci is not installed").length - 1, 2, "in the table of gates, and under not covered");
  });

  test("needs nothing else: no script, no request", () => {
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|@import|\bon\w+=/i);
    assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
  });

  test("does not run what a machine says it is called", () => {
    const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
    const page = renderReport({ ...reportInput(hostile), runId: hostile, agentVersion: hostile });
    assert.doesNotMatch(page, /<script|<img/);
    assert.match(page, /&quot;&gt;&lt;script&gt;/);
  });

  test("holds no markup but its own, whatever the serial", () => {
    const wanted = tags(renderReport(reportInput("x")));
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => {
        assert.equal(tags(renderReport(reportInput(`x${text}`))), wanted);
      }),
      { numRuns: 30 },
    );
  });

  test("leaves out what is not known, instead of writing 0 or unknown", () => {
    assert.doesNotMatch(page, /Board serial|System UUID|undefined|unknown|NaN/i);
  });

  test("of a run that was canceled says so, and names what did not run", () => {
    const profile = builtInProfiles.get("demo");
    assert.ok(profile !== undefined);
    const page = renderReport({ ...input, run: cancelRun(startRun(profile)), stages: [], evidence: [] });
    assert.match(page, /canceled before its end/);
    assert.match(page, /<li>cpu_stress: has not run/);
  });

  test("of a machine that failed puts the reasons at the top", () => {
    const profile = builtInProfiles.get("demo");
    const stress = profile?.stages.find((stage) => stage.name === "cpu_stress");
    assert.ok(stress !== undefined && !isSkipped(stress));
    const ocp = stressRecord().replace(
      '"cpu_stress.verify_failures","value":0',
      '"cpu_stress.verify_failures","value":3',
    );
    const failed = judgeStage(stress, { outcome: "completed", ocp });
    const results = input.run.results.map((result) => (result.stage === "cpu_stress" ? failed : result));
    const page = renderReport({ ...input, run: { ...input.run, at: "failed", results } });
    assert.match(page, /banner fail"[^]*<li>cpu_stress: cpu_stress\.verify_failures is 3; = 0 is wanted/);
  });
});
