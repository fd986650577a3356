import { fstatSync, writeSync } from "node:fs";

const EVIDENCE_FD = 3;

/**
 * Opens the channel on which a stage writes its evidence: file descriptor 3, which must be a pipe, socket or file.
 * Throws when it is not; the runtime may use the number for something of its own.
 */
export function openEvidenceChannel(): (line: string) => void {
  if (!isOpen()) throw new Error("file descriptor 3 is not open for evidence; to try a stage by hand, add 3>ocp.jsonl");
  return writeAll;
}

function isOpen(): boolean {
  try {
    const stat = fstatSync(EVIDENCE_FD);
    return stat.isFIFO() || stat.isSocket() || stat.isFile();
  } catch {
    return false;
  }
}

function writeAll(line: string): void {
  const bytes = Buffer.from(line);
  for (let at = 0; at < bytes.length;) at += writeSync(EVIDENCE_FD, bytes, at);
}
