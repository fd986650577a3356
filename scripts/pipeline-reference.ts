// Prints what is generated of the schema of pipeline files: node scripts/pipeline-reference.ts page|schema
import { pipelineJsonSchema, referencePage } from "../packages/pipeline/src/reference/index.ts";

process.stdout.write(
  process.argv[2] === "schema" ? `${JSON.stringify(pipelineJsonSchema(), undefined, 2)}\n` : referencePage(),
);
