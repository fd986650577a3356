import { BlobKind } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";

/** What a file is for. */
export type BlobKindName = "evidence" | "artifact" | "cache";

/** The kind that an agent names. Default: evidence. Throws INVALID_ARGUMENT naming the field. */
export function checkedKind(field: string, kind: BlobKind): BlobKindName {
  switch (kind) {
    case BlobKind.UNSPECIFIED:
    case BlobKind.EVIDENCE:
      return "evidence";
    case BlobKind.ARTIFACT:
      return "artifact";
    case BlobKind.CACHE:
      return "cache";
    default:
      throw invalidField(field, kind, "EVIDENCE, ARTIFACT or CACHE");
  }
}
