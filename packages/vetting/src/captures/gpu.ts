import { type Capture, unreadable } from "./capture.ts";
import { isDcgm, readDcgm } from "./gpu/dcgm.ts";
import { isNvidiaSmi, readNvidiaSmi } from "./gpu/smi.ts";

/** Reads what nvidia-smi (`-q`, `-q -x`, `--query-gpu` with its header) or `dcgmi diag -j` wrote. */
export function readGpu(text: string): Capture {
  if (isDcgm(text)) return readDcgm(text);
  if (isNvidiaSmi(text)) return readNvidiaSmi(text);
  return unreadable(
    "this is neither of `nvidia-smi -q [-x]`, `nvidia-smi --query-gpu=… --format=csv` nor `dcgmi diag -j`",
  );
}
