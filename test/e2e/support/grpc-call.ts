import { connect, constants, type ClientHttp2Stream } from "node:http2";

/** What a gRPC server answered. */
export interface GrpcAnswer {
  /** The number in grpc-status. 0 is OK. */
  status: number;
  statusMessage: string;
  messages: Buffer[];
}

/** One gRPC call with nothing but HTTP/2 below it: what a client in any other language sends and sees. */
export async function grpcCall(url: string, path: string, ...messages: Uint8Array[]): Promise<GrpcAnswer> {
  const session = connect(url, { maxSessionMemory: 100 });
  try {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
      [constants.HTTP2_HEADER_TE]: "trailers",
    });
    // A server that refuses a message stops reading it; what matters is its answer.
    session.on("error", () => undefined);
    stream.on("error", () => undefined);
    for (const message of messages) stream.write(framed(message));
    stream.end();
    return await answerOf(stream);
  } finally {
    session.destroy();
  }
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

function answerOf(stream: ClientHttp2Stream): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let trailers: Record<string, unknown> = {};
    stream.on("response", (headers) => (trailers = headers["grpc-status"] === undefined ? trailers : headers));
    stream.on("trailers", (received) => (trailers = received));
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("close", () => {
      const { "grpc-status": status, "grpc-message": message } = trailers;
      if (status === undefined) return reject(new Error(`the stream ended without a status (code ${stream.rstCode})`));
      const statusMessage = decodeURIComponent(typeof message === "string" ? message : "");
      resolve({ status: Number(status), statusMessage, messages: unframed(Buffer.concat(parts)) });
    });
  });
}

function unframed(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
