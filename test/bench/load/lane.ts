import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { PeerService } from "@groundcrew/proto";

/** How an agent's messages travel: as calls, or on its session. */
export type LaneKind = "calls" | "session";

/** What a simulated agent says. */
export type Rpc = "next" | "init" | "update" | "extend" | "done" | "reportHealth";

type Methods = (typeof PeerService)["method"];
export type RequestOf<R extends Rpc> = MessageInitShape<Methods[R]["input"]>;
export type ResponseOf<R extends Rpc> = MessageShape<Methods[R]["output"]>;

/** The way of an agent's messages. */
export interface Lane {
  /** Says something and waits for the answer. Rejects with a CallError. */
  call<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<ResponseOf<R>>;
  /** Ends it; calls in flight fail. */
  close(): void;
}
