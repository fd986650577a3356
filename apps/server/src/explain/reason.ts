import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WaitReasonSchema } from "@groundcrew/proto";

/** One thing that keeps a workflow from running, as the contract has it. */
export type Reason = MessageInitShape<typeof WaitReasonSchema>;

/** The most workflows or agents that a reason lists; the contract's number. */
export const LISTED_MAX = 20;
