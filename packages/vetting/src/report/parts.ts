import { judgeGate, type GateResult } from "../gate.ts";
import type { Measurement, OcpRun } from "../ocp/run.ts";
import { isSkipped, type Profile } from "../profile.ts";
import type { StageName } from "../stages.ts";
import { gravest } from "../verdict.ts";
import { badge, number } from "./format.ts";
import { html, type Html, table } from "./html.ts";

/** What a stage recorded. */
export interface StageRecord {
  stage: StageName;
  run: OcpRun;
}

/** The suffixes of a counter's two readings. */
const BEFORE = ".before";
const AFTER = ".after";

/** Every part that was measured by itself (a drive, a memory slot, an interface), with what was found of it. */
export function partSection(profile: Profile, records: readonly StageRecord[]): Html {
  const rows = records.flatMap(({ stage, run }) => {
    const byPart = Map.groupBy(
      run.measurements.filter(({ part, name }) => part !== undefined && !isReading(name)),
      ({ part }) => part ?? "",
    );
    const told = diagnoses(run);
    const parts = new Set([...byPart.keys(), ...told.keys()]);
    return [...parts].toSorted().map((part) => row(profile, stage, part, byPart.get(part) ?? [], told.get(part) ?? []));
  });
  return table("Parts", ["Part", "Stage", "Verdict", "Found", "Measured"], rows);
}

function diagnoses({ diagnoses }: OcpRun): Map<string, OcpRun["diagnoses"]> {
  return Map.groupBy(
    diagnoses.filter(({ part }) => part !== undefined),
    ({ part }) => part ?? "",
  );
}

function row(
  profile: Profile,
  stage: StageName,
  part: string,
  measured: readonly Measurement[],
  told: OcpRun["diagnoses"],
) {
  const gates = gatesOf(profile, stage, measured);
  const own = told.filter(({ type }) => type !== "PASS");
  const verdicts = [
    ...gates.map(({ verdict }) => verdict),
    ...own.map(({ type }) => (type === "FAIL" ? ("fail" as const) : ("warn" as const))),
  ];
  const broken = gates.filter(({ verdict }) => verdict !== "pass").map(({ message }) => message);
  const findings = [...broken, ...own.map(({ verdict, message }) => [verdict, message].filter(Boolean).join(": "))];
  return [
    part,
    stage,
    verdicts.length === 0 ? undefined : badge(gravest(verdicts, "pass")),
    html`${findings.map((one) => html`<div>${one}</div>`)}`,
    html`${measured.map((one) => html`<div><code>${one.name}</code> ${valueOf(one)}</div>`)}`,
  ];
}

/** The gates that speak of what this part measured, each judged on this part alone. */
function gatesOf(profile: Profile, stage: StageName, measured: readonly Measurement[]): GateResult[] {
  const found = profile.stages.find(({ name }) => name === stage);
  if (found === undefined || isSkipped(found)) return [];
  return found.gates
    .filter(({ metric }) => measured.some(({ name }) => name === metric))
    .map((gate) => judgeGate(gate, measured, undefined));
}

/** Counters that were read before and after. One that was read once is left out: its growth is not known. */
export function counterSection(records: readonly StageRecord[]): Html {
  const rows = records.flatMap(({ stage, run }) =>
    run.measurements
      .filter(({ name }) => name.endsWith(BEFORE))
      .flatMap((before) => {
        const name = before.name.slice(0, -BEFORE.length);
        const after = run.measurements.find((one) => one.name === name + AFTER && one.part === before.part);
        if (typeof before.value !== "number" || typeof after?.value !== "number") return [];
        const grown = after.value - before.value;
        return [[stage, name, before.part, valueOf(before), valueOf(after), `${grown > 0 ? "+" : ""}${number(grown)}`]];
      }),
  );
  return table("Counters before and after", ["Stage", "Counter", "Part", "Before", "After", "Change"], rows);
}

function isReading(name: string): boolean {
  return name.endsWith(BEFORE) || name.endsWith(AFTER);
}

function valueOf({ value, unit }: Measurement): string {
  const text = typeof value === "number" ? number(value) : String(value);
  return unit === "" ? text : `${text} ${unit}`;
}
