import { invalidField } from "@groundcrew/rpc";
import { parseSpec } from "@groundcrew/vetting";
import type { Db } from "../context.ts";
import type { StoredSpec } from "../db/schema.ts";
import type { MachineRow } from "../machines/describe.ts";
import { mistakes } from "../machines/delivery.ts";
import type { Spec } from "@groundcrew/vetting";

/** What a caller says of the specification. */
export interface SpecChoice {
  /** A name. Empty: the one that the machine is bound to, if any. */
  spec: string;
  specFile?: { path: string; content: string } | undefined;
}

/** A specification with its name. */
interface NamedSpec {
  name: string;
  spec: Spec;
}

/** The specification that a caller names or sends. Undefined: neither. Throws INVALID_ARGUMENT naming the field. */
export async function chooseSpec(db: Db, { spec: name, specFile }: SpecChoice): Promise<NamedSpec | undefined> {
  if (specFile && name !== "") throw invalidField("spec", name, "either spec or spec_file, not both");
  if (specFile) return readSpecFile(specFile);
  if (name === "") return undefined;
  const stored = await storedSpec(db, name);
  if (!stored)
    throw invalidField("spec", name, "a specification that the server has (crew vet spec ls), or a spec_file");
  return stored;
}

/** What a run of a machine compares it with. Null: nothing is known of how it should be. */
export async function specFor(
  db: Db,
  machine: MachineRow,
  chosen: NamedSpec | undefined,
): Promise<{ name: string; stored: StoredSpec } | null> {
  const bound = chosen ?? (machine.spec_name === null ? undefined : await storedSpec(db, machine.spec_name));
  const { macs = [], diskSerials = [] } = machine.declared;
  const declared = { macs, diskSerials };
  if (bound) return { name: bound.name, stored: { spec: bound.spec, declared } };
  return macs.length + diskSerials.length === 0 ? null : { name: "", stored: { declared } };
}

/** Reads a specification's file. Throws INVALID_ARGUMENT with line and column. */
export function readSpecFile({ path, content }: { path: string; content: string }): NamedSpec {
  const parsed = parseSpec({ path, content });
  if (!parsed.ok) throw mistakes(parsed.problems);
  return { name: parsed.spec.name, spec: parsed.spec };
}

async function storedSpec(db: Db, name: string): Promise<NamedSpec | undefined> {
  return db.selectFrom("specs").select(["name", "spec"]).where("name", "=", name).executeTakeFirst();
}
