import { PeerService } from "@groundcrew/proto";
import type { LoadConnection } from "./connection.ts";
import type { Lane, RequestOf, ResponseOf, Rpc } from "./lane.ts";

/** Each message as a unary call. */
export class CallsLane implements Lane {
  readonly #connection: LoadConnection;

  constructor(connection: LoadConnection) {
    this.#connection = connection;
  }

  call<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<ResponseOf<R>> {
    return this.#connection.unary(PeerService.method[rpc], request as never) as Promise<ResponseOf<R>>;
  }

  close(): void {
    this.#connection.close();
  }
}
