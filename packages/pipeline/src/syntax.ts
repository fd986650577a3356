import type { Node, YAMLError } from "yaml";
import { limits } from "./limits.ts";
import type { Lines } from "./lines.ts";
import type { Finding, Position } from "./problem.ts";
import { oneLine } from "./show.ts";

/** What is said of nesting beyond the limit, or beyond the stack of the library. */
export const tooDeep = `expected at most ${limits.depth} levels of nesting, found more`;

/** Where a node of the library stands. */
export function positionOf(lines: Lines, node: Node): Position {
  return lines.at(node.range?.[0] ?? 0);
}

/** What the library found wrong, without what it says only because of an earlier error. */
export function syntaxFindings(errors: YAMLError[], lines: Lines): Finding[] {
  return withoutEchoes(errors).map((error) => ({ at: lines.at(error.pos[0]), message: messageOf(error) }));
}

/** One value too deep makes each value around it an error, and one unexpected token most tokens after it. */
function withoutEchoes(errors: YAMLError[]): YAMLError[] {
  const deep = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  if (deep) return [deep];
  const unexpected = errors.findIndex(({ code }) => code === "UNEXPECTED_TOKEN");
  return unexpected < 0 ? errors : errors.slice(0, unexpected + 1);
}

function messageOf(error: YAMLError): string {
  switch (error.code) {
    case "MULTIPLE_DOCS":
      return "expected one YAML document, found another after `---`";
    case "RESOURCE_EXHAUSTION":
      return tooDeep;
    case "TAG_RESOLVE_FAILED":
      return `expected no tag, for types follow from the format: ${oneLine(error.message)}`;
    case "BLOCK_AS_IMPLICIT_KEY":
      return `not valid YAML: ${oneLine(error.message)}; quote a text that contains ": ", or write it as a block after |`;
    default:
      return `not valid YAML: ${oneLine(error.message)}`;
  }
}
