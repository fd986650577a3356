// The same contract over a bare queue, on grpc-js alone: what the RPC, and the RPC with coalesced statements, can do.
import { create, fromBinary, toBinary, type DescMethod } from "@bufbuild/protobuf";
import {
  OperatorService,
  PeerService,
  SessionRequestSchema,
  SessionResponseSchema,
  SessionService,
  SubmitPipelineRequestSchema,
} from "@groundcrew/proto";
import {
  Server,
  ServerCredentials,
  type MethodDefinition,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import postgres from "postgres";
import { answer, type LaneRequest } from "../limits/answers.ts";
import { Dispatcher } from "../limits/dispatcher.ts";
import { MemoryQueue, SqlQueue, type BareQueue } from "../limits/queue.ts";
import { createTables, tally } from "../limits/statements.ts";
import { serveCommands } from "../worker.ts";

/** As many as our server has. */
const CONNECTIONS = 10;

const RPCS = ["next", "init", "update", "done"] as const;

let sql: postgres.Sql | undefined;

const commands = {
  /** Serves, from Postgres or, without a URL, from memory. Answers its port. */
  async serve({ url }: { url: string | undefined }): Promise<number> {
    if (url !== undefined) {
      sql = postgres(url, { max: CONNECTIONS, onnotice: () => undefined });
      await createTables(sql);
    }
    return listen(sql ? new SqlQueue(sql) : new MemoryQueue());
  },

  /** Throws unless this many jobs ended, and no other is there. */
  async check({ jobs }: { jobs: number }): Promise<void> {
    if (!sql) return;
    const found = await tally(sql);
    if (found.ended === jobs && found.steps === jobs && found.jobs === jobs) return;
    throw new Error(`of ${jobs} jobs there are ${JSON.stringify(found)}`);
  },
};

export type LimitCommands = typeof commands;

function listen(queue: BareQueue): Promise<number> {
  const dispatcher = new Dispatcher(queue);
  const server = new Server();
  server.addService(definition(RPCS.map((rpc) => PeerService.method[rpc])), unaryHandlers(queue, dispatcher));
  server.addService(definition([SessionService.method.session]), { session: session(queue, dispatcher) });
  server.addService(definition([OperatorService.method.submitPipeline]), {
    submitPipeline: submitter(queue, dispatcher),
  });
  return new Promise((resolve, reject) => {
    const ready = (error: Error | null, port: number): void => (error ? reject(error) : resolve(port));
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), ready);
  });
}

type Bytes = Buffer;
const raw = (bytes: Bytes): Bytes => bytes;

function definition(methods: readonly DescMethod[]): Record<string, MethodDefinition<Bytes, Bytes>> {
  const one = (method: DescMethod) => ({
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind !== "unary",
    responseStream: method.methodKind !== "unary",
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  });
  return Object.fromEntries(methods.map((method) => [method.localName, one(method)]));
}

type Unary = (call: ServerUnaryCall<Bytes, Bytes>, reply: sendUnaryData<Bytes>) => void;

function unaryHandlers(queue: BareQueue, dispatcher: Dispatcher): Record<string, Unary> {
  const handler = (rpc: (typeof RPCS)[number]): Unary => {
    const { input, output } = PeerService.method[rpc];
    return (call, reply) => {
      const request = { case: rpc, value: fromBinary(input, call.request) } as LaneRequest;
      answer(queue, dispatcher, request).then(
        ({ value }) => reply(null, Buffer.from(toBinary(output, create(output, value as never)))),
        (error: Error) => reply(error),
      );
    };
  };
  return Object.fromEntries(RPCS.map((rpc) => [rpc, handler(rpc)]));
}

function submitter(queue: BareQueue, dispatcher: Dispatcher): Unary {
  return (call, reply) => {
    const { file } = fromBinary(SubmitPipelineRequestSchema, call.request);
    // One workflow a line, after the first.
    queue.submit((file?.content.split("\n").length ?? 1) - 1).then(
      () => {
        dispatcher.wake();
        reply(null, Buffer.alloc(0));
      },
      (error: Error) => reply(error),
    );
  };
}

function session(queue: BareQueue, dispatcher: Dispatcher) {
  return (stream: ServerDuplexStream<Bytes, Bytes>): void => {
    const say = (message: unknown): void => {
      stream.write(Buffer.from(toBinary(SessionResponseSchema, create(SessionResponseSchema, { message } as never))));
    };
    stream.on("error", () => undefined);
    stream.on("end", () => stream.end());
    stream.on("data", (bytes: Bytes) => {
      const { message } = fromBinary(SessionRequestSchema, bytes);
      if (message.case === "hello") say({ case: "welcome", value: { protocolVersion: 1 } });
      if (message.case !== "call") return;
      const { callId, request } = message.value;
      answer(queue, dispatcher, request).then(
        (response) => say({ case: "answer", value: { callId, response } }),
        (error: Error) => {
          const refusal = { case: "error", value: { code: 13, message: error.message } };
          say({ case: "answer", value: { callId, response: refusal } });
        },
      );
    });
  };
}

serveCommands(commands);
