import { fileURLToPath } from "node:url";

/** The program that runs the built-in stages: in the source tree, or beside the bundle that this code is part of. */
export function builtInStageProgram(self = import.meta.url): string {
  const relative = self.endsWith(".ts") ? "../stages/run-stage.ts" : "./run-stage.mjs";
  return fileURLToPath(new URL(relative, self));
}
