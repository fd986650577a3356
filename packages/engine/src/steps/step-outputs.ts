import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { parseOutputs } from "./parse-outputs.ts";

/** The largest output file, in bytes. */
export const OUTPUTS_MAX_BYTES = 64 * 1024;

/** Whose outputs, and what of them may be handed on. */
export interface StepOutputsOptions {
  /** The file that the step could write. */
  file: string;
  /** The names that the plan declares. */
  declared: readonly string[];
  /** Values that no output may hold. */
  secrets: readonly string[];
}

/** A step's outputs, and what of them was dropped and why. */
export interface StepOutputs {
  values: Record<string, string>;
  notes: string[];
}

/** The file was written in a way that cannot be read: the step fails. */
export class OutputsError extends Error {
  override readonly name = "OutputsError";
}

/**
 * Reads what a step handed on. A name that is not declared, and a value that holds a secret, are dropped with a note.
 * Throws {@link OutputsError} when the file is too large, is none, or is not as it must be.
 */
export async function readStepOutputs({ file, declared, secrets }: StepOutputsOptions): Promise<StepOutputs> {
  const parsed = parseOutputs(await readBounded(file));
  if (!parsed.ok) throw new OutputsError(`$GROUNDCREW_OUTPUT, line ${parsed.line}: ${parsed.message}`);
  const values: Record<string, string> = {};
  const notes: string[] = [];
  for (const [name, value] of parsed.values) {
    const problem = problemOf(name, value, { declared, secrets });
    if (problem === undefined) values[name] = value;
    else notes.push(`the output ${name} is not handed on: ${problem}`);
  }
  return { values, notes };
}

function problemOf(
  name: string,
  value: string,
  { declared, secrets }: Pick<StepOutputsOptions, "declared" | "secrets">,
): string | undefined {
  if (!declared.includes(name)) return "the step's `outputs` do not name it";
  if (value.includes("\0")) return "it holds a NUL byte";
  if (secrets.some((secret) => secret !== "" && value.includes(secret))) return "it holds a secret";
  return undefined;
}

// The step may have put anything there, a link to a file of ours or a pipe included.
async function readBounded(path: string): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new OutputsError(`$GROUNDCREW_OUTPUT cannot be read: ${error.code ?? error.message}`);
  });
  if (!file) return "";
  try {
    if (!(await file.stat()).isFile()) throw new OutputsError("$GROUNDCREW_OUTPUT is no longer a regular file");
    const { bytesRead, buffer } = await file.read(Buffer.alloc(OUTPUTS_MAX_BYTES + 1), 0, OUTPUTS_MAX_BYTES + 1, 0);
    if (bytesRead > OUTPUTS_MAX_BYTES) throw new OutputsError("$GROUNDCREW_OUTPUT is larger than 64 KiB");
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
