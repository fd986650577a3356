/** Why the store did not take or find a file. */
export type BlobFaultReason =
  /** The data does not start where the stored part ends, or stopped before the file's end. */
  | { kind: "offset"; offset: number }
  /** There is more data than the file's size. The stored part was discarded. */
  | { kind: "too_long"; size: number }
  /** The content is not what its SHA-256 says. The stored part was discarded. */
  | { kind: "mismatch"; found: string }
  /** Another call is storing this very file now. */
  | { kind: "busy" }
  /** No file with this SHA-256 is in the store. */
  | { kind: "missing"; sha256: string };

/** A file that the store did not take or find. */
export class BlobFault extends Error {
  readonly reason: BlobFaultReason;

  constructor(reason: BlobFaultReason) {
    super(messageOf(reason));
    this.name = "BlobFault";
    this.reason = reason;
  }
}

function messageOf(reason: BlobFaultReason): string {
  switch (reason.kind) {
    case "offset":
      return `${reason.offset} bytes are stored so far; go on from there`;
    case "too_long":
      return `the data is longer than the ${reason.size} bytes that the header names; what was stored is discarded`;
    case "mismatch":
      return `the content's SHA-256 is ${reason.found}, not the header's; what was stored is discarded, send it anew`;
    case "busy":
      return "another call is storing this file right now; try again when it has ended";
    case "missing":
      return `the file with SHA-256 ${reason.sha256} is not in the server's object store; restore it from a backup`;
    default:
      return reason satisfies never;
  }
}
