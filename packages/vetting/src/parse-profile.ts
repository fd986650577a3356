import { issuesOf, readYaml, type Checked, type FileProblem, type Issue } from "./located-yaml.ts";
import { extraStage, gated, profileFile, skipped, specStage } from "./profile-schema.ts";
import type { Profile, StageProfile } from "./profile.ts";
import { isAgentStage, PROFILED_STAGES, type ProfiledStageName } from "./stages.ts";

/** The longest file that is read, in UTF-16 units. */
const MAX_LENGTH = 256 * 1024;

export type ProfileResult = { ok: true; profile: Profile } | { ok: false; problems: FileProblem[] };

/**
 * Reads a profile from YAML: which stages a machine must pass, with which gates, and which are left out and why.
 * Every stage must be spoken about. Takes any text; all problems are told at once, none is thrown.
 */
export function parseProfile(file: { path: string; content: string }): ProfileResult {
  const read = readYaml({ ...file, maxLength: MAX_LENGTH }, checkProfile);
  return read.ok ? { ok: true, profile: read.value } : read;
}

function checkProfile(value: unknown): Checked<Profile> {
  const file = profileFile.safeParse(value);
  if (!file.success) return { ok: false, issues: issuesOf(file.error, []) };
  const { name, description, stages, hold, absence_limit: absenceLimitMs, power_off: powerOff } = file.data;
  const checked = [
    ...PROFILED_STAGES.map((stage) => checkStage(stage, stages[stage])),
    ...file.data.extra_stages.map((stage, at) => checkExtra(stage, at)),
  ];
  const issues = [
    ...unknownStages(Object.keys(stages)),
    ...repeated(checked),
    ...checked.flatMap((one) => (one.ok ? [] : one.issues)),
  ];
  if (issues.length > 0) return { ok: false, issues };
  const conduct = {
    ...(hold && { hold }),
    ...(absenceLimitMs !== undefined && { absenceLimitMs }),
    ...(powerOff && { powerOff }),
  };
  const all = checked.flatMap((one) => (one.ok ? [one.value] : []));
  return { ok: true, value: { name, description, ...conduct, stages: all } };
}

function checkStage(name: ProfiledStageName, value: unknown): Checked<StageProfile> {
  const path = ["stages", name];
  if (value === undefined) {
    return { ok: false, issues: [{ path, message: `${name} is missing: say how to run it, or "skip: why"` }] };
  }
  if (typeof value === "object" && value !== null && "skip" in value) {
    const parsed = skipped.safeParse(value);
    return parsed.success
      ? { ok: true, value: { name, ...parsed.data } }
      : { ok: false, issues: issuesOf(parsed.error, path) };
  }
  if (!isAgentStage(name)) return checkSpecStage(value, path);
  const parsed = gated(name).safeParse(value);
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error, path) };
  const { required, timeout, parameters, gates } = parsed.data;
  return { ok: true, value: { name, required, timeoutMs: timeout, parameters, gates } };
}

function checkExtra(value: unknown, at: number): Checked<StageProfile> {
  const parsed = extraStage.safeParse(value);
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error, ["extra_stages", at]) };
  const { name, required, timeout, parameters, gates } = parsed.data;
  return { ok: true, value: { name, required, timeoutMs: timeout, parameters, gates } };
}

/** Third parties' stages that are there twice: a run could not tell their results apart. */
function repeated(checked: readonly Checked<StageProfile>[]): Issue[] {
  const names = checked.slice(PROFILED_STAGES.length).map((one) => (one.ok ? one.value.name : undefined));
  return names.flatMap((name, at) =>
    name !== undefined && names.indexOf(name) < at
      ? [{ path: ["extra_stages", at, "name"], message: `${name} is there twice` }]
      : [],
  );
}

function unknownStages(names: string[]): Issue[] {
  const known: readonly string[] = PROFILED_STAGES;
  return names
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: ["stages", name], message: `no such stage; known: ${known.join(", ")}` }));
}

function checkSpecStage(value: unknown, path: readonly PropertyKey[]): Checked<StageProfile> {
  const parsed = specStage.safeParse(value ?? {});
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error, path) };
  const { required, without_spec: withoutSpec, gates } = parsed.data;
  const stage = { name: "spec_validate" as const, required, gates };
  return { ok: true, value: withoutSpec === undefined ? stage : { ...stage, withoutSpec } };
}
