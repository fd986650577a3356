import { createHash } from "node:crypto";
import type { AddWorkflowsRequest, UploadedFile } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { requireText } from "../validate.ts";
import { checkedLease, type LeaseName } from "../workflows/stale.ts";
import type { Submission } from "../workflows/submission.ts";

/** How many files one step may send at once. */
const FILES_MAX = 16;

/** All files of one upload, in bytes: as much as one pipeline file. */
const BYTES_MAX = 1024 * 1024;

/** What a step adds to its pipeline, checked but for what the files say. */
export interface Upload extends LeaseName {
  step: string;
  files: Submission["files"];
  /** SHA-256 of the files: what tells an upload that is sent again. */
  digest: Buffer;
}

/** Checks a request. Throws INVALID_ARGUMENT naming the field. */
export function checkedUpload(request: AddWorkflowsRequest): Upload {
  const files = checkedFiles(request.files);
  return {
    ...checkedLease(request),
    step: requireText("step", request.step, { min: 1, max: 63, expected: "1 to 63 characters" }),
    files,
    digest: createHash("sha256").update(JSON.stringify(files)).digest(),
  };
}

function checkedFiles(files: readonly UploadedFile[]): Upload["files"] {
  const [first, ...more] = files;
  if (!first || files.length > FILES_MAX) throw invalidField("files", `${files.length} files`, `1 to ${FILES_MAX}`);
  const bytes = files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (bytes > BYTES_MAX) throw invalidField("files", `${bytes} bytes`, "at most 1 MiB together");
  return [checkedFile(first, 0), ...more.map((file, index) => checkedFile(file, index + 1))];
}

function checkedFile({ path, content }: UploadedFile, index: number): Upload["files"][number] {
  return {
    path: requireText(`files[${index}].path`, path, { min: 1, max: 1_024, expected: "1 to 1,024 characters" }),
    content: requireText(`files[${index}].content`, content, { max: BYTES_MAX, expected: "text without NUL" }),
  };
}
