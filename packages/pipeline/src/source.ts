import type { Located } from "./located.ts";
import type { PipelineFile } from "./schema.ts";

/** A file of a pipeline that passed the schema, and the places of its values. */
export interface Source {
  root: Located;
  file: PipelineFile;
}
