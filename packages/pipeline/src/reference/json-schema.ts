import { z } from "zod";
import { fileSchema } from "../schema.ts";

/**
 * The JSON Schema (draft 2020-12) of a pipeline file, for editors. It is as strict as JSON Schema can say: expressions,
 * names and limits across values are for `crew lint`. Made of the schema that files are checked by.
 */
export function pipelineJsonSchema(): object {
  const schema = z.toJSONSchema(fileSchema, {
    io: "input",
    reused: "ref",
    override: ({ jsonSchema }) => {
      acceptScalars(jsonSchema);
    },
  });
  return { title: "Groundcrew pipeline file", ...schema };
}

/** A file's scalars are read as texts, so that `1.10` stays `1.10`; an editor sees numbers and booleans. */
function acceptScalars(schema: z.core.JSONSchema.BaseSchema): void {
  const { type } = schema;
  if (type === "boolean") delete schema.pattern;
  if (type === "string" && schema.enum === undefined) schema.type = ["string", "number", "boolean"] as never;
  for (const part of [schema, ...(schema.allOf ?? [])] as { pattern?: string }[])
    if (part.pattern !== undefined && ofEcmaScript.test(part.pattern)) delete part.pattern;
}

/** What ECMAScript knows by names of its own, or by looking ahead, other programs may not. */
const ofEcmaScript = /\\p\{|\(\?!/;
