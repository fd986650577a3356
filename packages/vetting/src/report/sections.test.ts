import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { type DefaultTreeAdapterMap, parse } from "parse5";
import type { Gate } from "../gate.ts";
import type { OcpWriter } from "../ocp/writer.ts";
import { isSkipped } from "../profile.ts";
import { renderReport } from "../report.ts";
import type { SensorSample } from "../sensors.ts";
import { recordOf } from "../testing.ts";
import type { ReportInput } from "./input.ts";
import { NOON, reportInput } from "./testing.ts";

/** The page without the white space that a browser does not show. */
const shown = (input: ReportInput) => renderReport(input).replaceAll(/\s*\n\s*/g, "");

function reading(key: string, value: number, ms: number, kind: SensorSample["kind"] = "temperature"): SensorSample {
  return { kind, key, value, unit: kind === "temperature" ? "celsius" : "rpm", atMs: NOON + ms };
}

const SAMPLES = [0, 5000, 10_000, 15_000].flatMap((ms, index) => [
  reading("coretemp/Core 0", 40 + 10 * index, ms),
  reading("nvme0/Composite", 35, ms),
  reading("fan1", 4000, ms, "fan"),
]);

/** The report of a run whose cpu_stress wrote this besides, under gates of these metrics. */
function withRecords(fill: (ocp: OcpWriter) => void, metrics: string[] = []): ReportInput {
  const input = reportInput();
  const gates = metrics.map((metric): Gate => ({ metric, op: "=", value: 0, severity: "fail", optional: false }));
  const stages = input.run.profile.stages.map((stage) =>
    stage.name === "cpu_stress" && !isSkipped(stage) ? { ...stage, gates } : stage,
  );
  const profile = { ...input.run.profile, stages };
  return {
    ...input,
    run: { ...input.run, profile },
    stages: input.stages.map((one) => (one.stage === "cpu_stress" ? { ...one, ocp: recordOf(fill) } : one)),
  };
}

suite("the sensors of a report", () => {
  const page = shown({ ...reportInput(), samples: SAMPLES });

  test("are drawn by kind, with the run's stages as bands behind them", () => {
    assert.match(page, /aria-label="Temperatures: 2 sensors from 35 to 70 celsius"/);
    assert.match(page, /aria-label="Fans: 1 sensors from 4,000 to 4,000 rpm"/);
    assert.match(page, /<text class="band-name"[^>]*>cpu_stress<\/text>/);
    assert.equal(page.match(/class="band band-/g)?.length, 4, "two stages in each of two charts");
  });

  test("are told with their extremes, those that moved most first", () => {
    assert.match(page, /<td>coretemp\/Core 0<\/td><td>40<\/td><td>40<\/td><td>70<\/td><td>70<\/td><td>4<\/td>/);
    assert.ok(page.indexOf("coretemp/Core 0</td>") < page.indexOf("nvme0/Composite</td>"));
  });

  test("keep the shortest peak of a week", () => {
    const samples = Array.from({ length: 120_000 }, (_, n) => reading("t", n === 77_777 ? 99 : 40, n * 5000));
    const page = renderReport({ ...reportInput(), samples });
    const points = /<polyline [^>]*points="([^"]*)"/.exec(page)?.[1]?.split(" ") ?? [];
    assert.ok(points.length <= 602, `${points.length} points`);
    const highest = Math.min(...points.map((point) => Number(point.split(",")[1])));
    assert.equal(points.filter((point) => Number(point.split(",")[1]) === highest).length, 1);
  });

  test("are said to be absent where there are none, not drawn at 0", () => {
    assert.match(shown(reportInput()), /No sensor readings were recorded/);
    assert.doesNotMatch(shown(reportInput()), /polyline/);
  });
});

suite("the parts of a report", () => {
  const page = shown(
    withRecords(
      (ocp) => {
        ocp.measurement("smart.media_errors", 0, undefined, "disk GOOD-1");
        ocp.measurement("smart.media_errors", 7, undefined, "disk BAD-2");
        ocp.measurement("smart.media_errors.before", 4, undefined, "disk BAD-2");
        ocp.measurement("smart.media_errors.after", 11, undefined, "disk BAD-2");
        ocp.measurement("memory.corrected.before", 1, undefined, "dimm A1");
      },
      ["smart.media_errors"],
    ),
  );

  test("are listed each with its own verdict and what was found of it", () => {
    assert.match(
      page,
      /<td>disk BAD-2<\/td><td>cpu_stress<\/td><td><span class="verdict fail">✗ fail<\/span><\/td><td><div>smart\.media_errors of disk BAD-2 is 7; = 0 is wanted/,
    );
    assert.match(page, /<td>disk GOOD-1<\/td><td>cpu_stress<\/td><td><span class="verdict pass">/);
  });

  test("have their counters before and after, where both were read", () => {
    assert.match(page, /<td>smart\.media_errors<\/td><td>disk BAD-2<\/td><td>4<\/td><td>11<\/td><td>\+7<\/td>/);
    assert.doesNotMatch(page, /memory\.corrected/);
  });
});

suite("the decisions and the baseline of a report", () => {
  test("say who decided what, when and why", () => {
    const decision = { atMs: NOON, who: "ada", what: "waived", stage: "smart", why: "the drive is replaced today" };
    const page = shown({ ...reportInput(), decisions: [decision] });
    assert.match(page, /<td>2026-01-02 12:00:00 UTC<\/td><td>ada<\/td><td>waived<\/td><td>smart<\/td><td>the drive/);
  });

  test("say where the machine stands among its like", () => {
    const one = {
      stage: "cpu_stress",
      metric: "m",
      unit: "1/s",
      value: 5,
      verdict: "warn",
      message: "far below",
    } as const;
    const page = shown({ ...reportInput(), baseline: [{ ...one, baseline: { n: 7, median: 9, spread: 0.5 } }] });
    assert.match(page, /<td>5 1\/s<\/td><td>9 1\/s<\/td><td>0\.5 1\/s<\/td><td>7<\/td><td>.*outlier<\/span> far below/);
  });

  test("are not there where there are none", () =>
    assert.doesNotMatch(shown(reportInput()), /Decisions|Among machines/));
});

type Node = DefaultTreeAdapterMap["node"];

/** Every element that a browser would make of a page, with its attributes. */
function elementsOf(node: Node): { name: string; attributes: string[] }[] {
  const children = "childNodes" in node ? node.childNodes.flatMap(elementsOf) : [];
  return "tagName" in node
    ? [{ name: node.tagName, attributes: node.attrs.map(({ name }) => name) }, ...children]
    : children;
}

suite("a hostile machine", () => {
  const TRICKS = [
    `<script>alert(1)</script>`,
    `"><img src=x onerror=alert(1)>`,
    `'><svg onload=alert(1)>`,
    `</style><script>alert(1)</script>`,
    `</title><iframe src="javascript:alert(1)">`,
    `--><script>alert(1)</script><!--`,
    `<!--`,
    `&#60;script&#62;`,
    `]]><script>`,
    `\u0000<scr\u0000ipt>`,
    `" style="background:url(//evil)" x="`,
    `\u2028<a href=javascript:alert(1)>`,
  ];
  /** A report with this text everywhere that a machine, a stage, a sensor, an agent or a person can put one. */
  const everywhere = (text: string): ReportInput => {
    const input = withRecords(
      (ocp) => {
        ocp.measurement(`m${text}`, text, text, text);
        ocp.measurement("m", 1, text, text);
        ocp.seriesValue(text, 1, text);
        ocp.seriesValue(text, 2, text);
        ocp.error(text, text);
        ocp.absent({ what: text, why: text, metrics: [] });
      },
      ["m"],
    );
    return {
      ...input,
      runId: text,
      machine: {
        name: text,
        vendor: text,
        product: text,
        serial: text,
        systemUuid: text,
        boardSerial: text,
        macs: [text],
      },
      agentVersion: text,
      evidence: [{ stage: "inventory", name: text, size: 1, sha256: text }],
      samples: [{ kind: "temperature", key: text, value: 1, unit: text, atMs: NOON }],
      decisions: [{ atMs: NOON, who: text, what: text, why: text, stage: text }],
      baseline: [{ stage: "inventory", metric: text, unit: text, value: 1, verdict: "within", message: text }],
    };
  };
  const skeleton = (text: string) => elementsOf(parse(renderReport(everywhere(text))));
  const wanted = skeleton("x");

  for (const trick of TRICKS) {
    test(`makes no element and no attribute with ${JSON.stringify(trick)}`, () =>
      assert.deepEqual(skeleton(trick), wanted));
  }

  // Names in a record have at most 256 characters.
  test("makes none with any text", () => {
    // Longer than 256 no name may be: what is not read makes another page.
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.array(fc.constantFrom(...TRICKS)).map((all) => all.join("").slice(0, 200)),
    );
    fc.assert(
      fc.property(text, (text) => assert.deepEqual(skeleton(`x${text}x`), wanted)),
      { numRuns: 25 },
    );
  });

  test("meets a page that has nothing that runs or is fetched", () => {
    const names = new Set(wanted.map(({ name }) => name));
    for (const name of ["script", "img", "iframe", "object", "link", "a", "form", "base"])
      assert.ok(!names.has(name), name);
    const attributes = new Set(wanted.flatMap(({ attributes }) => attributes));
    assert.deepEqual(
      [...attributes].filter((name) => /^(on|src|href|style$)/.test(name)),
      [],
    );
  });
});
