import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { fromJson, toJsonString, type JsonValue } from "@bufbuild/protobuf";
import {
  AddWorkflowsRequestSchema,
  AddWorkflowsResponseSchema,
  StepRefusalSchema,
  type AddWorkflowsRequest,
  type AddWorkflowsResponse,
} from "@groundcrew/proto";
import { refusalOf, StepRefused } from "./refusal.ts";

/** The longest path of a socket on Linux, in bytes: sun_path of unix(7) and its closing NUL. */
const PATH_MAX_BYTES = 107;

/** The largest request, in bytes: 1 MiB of text, however JSON escapes it. */
const BODY_MAX_BYTES = 7 * 1024 * 1024;

/** How many requests one step may have under way. */
const CONNECTIONS_MAX = 8;

/** What a step's socket works with. */
export interface StepSocketOptions {
  /** A folder that only this agent's user can enter. */
  folder: string;
  /** Passes on what the step asks, but for who it is. What it throws is told to the step. */
  addWorkflows: (files: AddWorkflowsRequest["files"], signal: AbortSignal) => Promise<AddWorkflowsResponse>;
}

/**
 * What a step can ask of its agent while it runs: `POST /v1/workflows` with an AddWorkflowsRequest in JSON over HTTP on a
 * Unix socket. The answer is an AddWorkflowsResponse, or a StepRefusal with a status of 400 or more. The socket is this
 * user's alone, and nobody can guess its name.
 */
export class StepSocket {
  readonly path: string;
  readonly #server: Server;
  readonly #closed = new AbortController();

  private constructor(path: string, { addWorkflows }: StepSocketOptions) {
    this.path = path;
    this.#server = createServer((request, response) => {
      const gone = new AbortController();
      response.on("close", () => gone.abort(new Error("the step no longer listens")));
      const signal = AbortSignal.any([gone.signal, this.#closed.signal]);
      void answer(request, response, (files) => addWorkflows(files, signal));
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Opens one. Throws when its path would be too long, or the folder does not take it. */
  static async open(options: StepSocketOptions): Promise<StepSocket> {
    const path = join(options.folder, `${randomBytes(16).toString("base64url")}.sock`);
    const bytes = Buffer.byteLength(path);
    if (bytes > PATH_MAX_BYTES)
      throw new Error(`${path} has ${bytes} bytes; a socket's path has at most ${PATH_MAX_BYTES}`);
    const socket = new StepSocket(path, options);
    socket.#server.listen(path);
    await once(socket.#server, "listening");
    await chmod(path, 0o600);
    return socket;
  }

  /** Ends it and whatever it was asked. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort(new Error("the step has ended"));
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(this.path, { force: true });
  }
}

type Add = (files: AddWorkflowsRequest["files"]) => Promise<AddWorkflowsResponse>;

async function answer(request: IncomingMessage, response: ServerResponse, add: Add): Promise<void> {
  try {
    const { files } = await readRequest(request);
    send(response, 200, toJsonString(AddWorkflowsResponseSchema, await add(files)));
  } catch (error) {
    const { status, refusal } = refusalOf(error);
    send(response, status, toJsonString(StepRefusalSchema, refusal));
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(body);
}

async function readRequest(request: IncomingMessage): Promise<AddWorkflowsRequest> {
  const { method = "", url = "" } = request;
  if (method !== "POST" || url !== "/v1/workflows") {
    throw new StepRefused(404, `${method} ${url}: expected POST /v1/workflows`);
  }
  const text = await readBody(request);
  try {
    return fromJson(AddWorkflowsRequestSchema, JSON.parse(text) as JsonValue);
  } catch (error) {
    throw new StepRefused(
      400,
      `the request is no AddWorkflowsRequest in JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) throw new StepRefused(413, "the files are too large: at most 1 MiB together");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
