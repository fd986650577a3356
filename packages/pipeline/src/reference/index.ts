export { pipelineJsonSchema } from "./json-schema.ts";
export { referencePage } from "./reference-page.ts";
