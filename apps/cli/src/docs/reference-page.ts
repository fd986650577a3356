import { addCompletion } from "../completion.ts";
import { createProgram } from "../program.ts";
import { renderReference } from "./reference.ts";

/** The reference page of this release: what docs/reference/cli.md must hold. */
export function referencePage(): string {
  const program = createProgram(() => () => Promise.resolve());
  addCompletion(program, { env: {}, cwd: "/", home: "/" }, []);
  return renderReference(program);
}
