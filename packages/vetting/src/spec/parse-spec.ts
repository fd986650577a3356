import { issuesOf, readYaml, type Checked, type FileProblem } from "../located-yaml.ts";
import { type Spec, specSchema } from "./schema.ts";

/** The longest file that is read, in UTF-16 units. */
const MAX_LENGTH = 256 * 1024;

export type SpecResult = { ok: true; spec: Spec } | { ok: false; problems: FileProblem[] };

/**
 * Reads the specification of a model from YAML. Takes any text; unknown keys are refused, all problems are told at once
 * with line and column, none is thrown.
 */
export function parseSpec(file: { path: string; content: string }): SpecResult {
  const read = readYaml({ ...file, maxLength: MAX_LENGTH }, checkSpec);
  return read.ok ? { ok: true, spec: read.value } : read;
}

function checkSpec(value: unknown): Checked<Spec> {
  const parsed = specSchema.safeParse(value);
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error, []) };
  const twice = (parsed.data.disks ?? []).flatMap((disk, index) =>
    disk.serial !== undefined && disk.count !== 1
      ? [{ path: ["disks", index, "count"], message: `one disk has a serial; the count is ${disk.count}` }]
      : [],
  );
  return twice.length > 0 ? { ok: false, issues: twice } : { ok: true, value: parsed.data };
}
