import { create } from "@bufbuild/protobuf";
import { SpecInfoSchema, type SetSpecRequest, type SpecInfo } from "@groundcrew/proto";
import { Code, conflict, ConnectError, invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db } from "../../context.ts";
import { json } from "../../db/json.ts";
import { timestampOf } from "../../names.ts";
import { readSpecFile } from "../choose-spec.ts";

/** Stores a specification under its own name. Throws INVALID_ARGUMENT with line and column. */
export async function setSpec(
  db: Db,
  actor: string,
  { file }: SetSpecRequest,
): Promise<{ spec: SpecInfo; replaced: boolean }> {
  if (!file) throw invalidField("file", "absent", "a specification");
  const { name, spec } = readSpecFile(file);
  const values = { content: file.content, spec: json(spec), set_by: actor };
  const { replaced } = await db
    .insertInto("specs")
    .values({ name, ...values })
    .onConflict((on) => on.column("name").doUpdateSet({ ...values, updated_at: sql<Date>`now()` }))
    .returning(sql<boolean>`xmax <> 0`.as("replaced"))
    .executeTakeFirstOrThrow();
  return { spec: { ...(await getSpec(db, name)), content: "" }, replaced };
}

/** All specifications by name, without their text. */
export async function listSpecs(db: Db): Promise<SpecInfo[]> {
  return (await selectSpecs(db).execute()).map((row) => create(SpecInfoSchema, { ...messageOf(row), content: "" }));
}

/** A specification with its text. Throws NOT_FOUND. */
export async function getSpec(db: Db, name: string): Promise<SpecInfo> {
  const row = await selectSpecs(db).where("name", "=", name).executeTakeFirst();
  if (!row) throw unknown(name);
  return messageOf(row);
}

/** Removes a specification. Throws NOT_FOUND, and FAILED_PRECONDITION while machines are bound to it. */
export async function removeSpec(db: Db, name: string): Promise<void> {
  const { machines } = await getSpec(db, name);
  if (machines > 0) throw conflict(`${machines} machines are bound to the specification ${name}`);
  await db.deleteFrom("specs").where("name", "=", name).execute();
}

function selectSpecs(db: Db) {
  const bound = sql<number>`(select count(*)::integer from machines m where m.spec_name = specs.name)`;
  return db
    .selectFrom("specs")
    .select(["name", "content", "set_by", "updated_at", bound.as("machines")])
    .orderBy("name");
}

function messageOf(row: {
  name: string;
  content: string;
  set_by: string;
  updated_at: Date;
  machines: number;
}): SpecInfo {
  const { name, content, set_by: setBy, updated_at, machines } = row;
  return create(SpecInfoSchema, { name, content, setBy, updatedAt: timestampOf(updated_at), machines });
}

function unknown(name: string): ConnectError {
  return new ConnectError(`no specification is called ${JSON.stringify(name)}`, Code.NotFound);
}
