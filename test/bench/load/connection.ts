import {
  create,
  fromBinary,
  toBinary,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  Client,
  credentials,
  Metadata,
  type ClientDuplexStream,
  type ClientUnaryCall,
  type ServiceError,
} from "@grpc/grpc-js";

/** A call that the server, or the way to it, refused. */
export class CallError extends Error {
  /** The gRPC status code. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }

  /** The server was away: the same call may be made again. */
  get isOutage(): boolean {
    return this.code === UNAVAILABLE || this.code === CANCELED;
  }
}

const CANCELED = 1;
const UNAVAILABLE = 14;

/** Messages up to the contract's limit. */
const MAX_BYTES = 8 * 1024 * 1024;

const raw = (bytes: Buffer): Buffer => bytes;

/** One HTTP/2 connection of a simulated agent: the generated codec straight on grpc-js. */
export class LoadConnection {
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #open = new Set<ClientUnaryCall>();

  /** `hosts`: "127.0.0.1:PORT" of each replica, in the order to try them. */
  constructor(hosts: readonly string[], headers: Readonly<Record<string, string>>) {
    this.#client = new Client(`ipv4:${hosts.join(",")}`, credentials.createInsecure(), {
      // A connection of its own, like a real agent's.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": MAX_BYTES,
      "grpc.max_send_message_length": MAX_BYTES,
      // As in packages/rpc, so that what it costs to keep a connection and to come back is that of a real agent.
      "grpc.keepalive_time_ms": 20_000,
      "grpc.keepalive_timeout_ms": 20_000,
      "grpc.keepalive_permit_without_calls": 1,
      "grpc.initial_reconnect_backoff_ms": 250,
      "grpc.max_reconnect_backoff_ms": 5_000,
    });
    for (const [name, value] of Object.entries(headers)) this.#metadata.set(name, value);
  }

  /** Makes a unary call. Rejects with a CallError. */
  async unary<M extends DescMethod>(
    method: M,
    request: MessageInitShape<M["input"]>,
  ): Promise<MessageShape<M["output"]>> {
    return fromBinary(method.output, await this.unaryBytes(method, request)) as MessageShape<M["output"]>;
  }

  /** Makes a unary call and leaves its answer as it came. */
  unaryBytes<M extends DescMethod>(method: M, request: MessageInitShape<M["input"]>): Promise<Buffer> {
    const bytes = encode(method, request);
    return new Promise((resolve, reject) => {
      const answer = (error: ServiceError | null, value?: Buffer): void => {
        this.#open.delete(call);
        if (error) reject(new CallError(error.code, `${method.name}: ${error.details}`));
        else resolve(value ?? Buffer.alloc(0));
      };
      const call = this.#client.makeUnaryRequest(pathOf(method), raw, raw, bytes, this.#metadata, {}, answer);
      this.#open.add(call);
    });
  }

  /** Opens a bidirectional stream of encoded messages. */
  stream(method: DescMethod): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(pathOf(method), raw, raw, this.#metadata, {});
  }

  /** Ends it; calls in flight fail. */
  close(): void {
    for (const call of this.#open) call.cancel();
    this.#client.close();
  }
}

/** The bytes of a request. */
export function encode<M extends DescMethod>(method: M, request: MessageInitShape<M["input"]>): Buffer {
  const bytes = toBinary(method.input, create(method.input, request));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}
