import { PeerService, SessionService, type SessionRequestSchema, type SessionResponse } from "@groundcrew/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createClient,
  dial,
  Lane,
  type Client,
  type ServiceImpl,
  type Transport,
} from "@groundcrew/rpc";
import {
  guard,
  mount,
  Outbox,
  serveGrpc,
  type Authenticate,
  type CallReport,
  type Principal,
} from "@groundcrew/rpc/server";
import type { TestContext } from "node:test";
import { GENERATION_HEADER } from "../../tokens/authenticate.ts";
import { sessionService } from "../../session-service.ts";

/** What a test's PeerService does; what it leaves out is refused. */
export type Handlers = Partial<ServiceImpl<typeof PeerService>>;

/** An agent's way to a server, and the server's end of it. */
export interface Way {
  peer: Client<typeof PeerService>;
  /** Each call that has ended, as the log is told. */
  reports: CallReport[];
  /** Stops the server like its process does: those that wait are told, then all that is left is cut. */
  stop: () => Promise<void>;
}

/** Serves both ways to PeerService on a port, without a database. Ends with the test. */
export async function serve(t: TestContext, handlers: Handlers, authenticate: Authenticate = agentOf) {
  const reports: CallReport[] = [];
  const stopping = new AbortController();
  const intervals = { leaseTtlMs: 60_000, healthIntervalMs: 7_000, pollHoldMs: 50_000, logIntervalMs: 200 };
  const options = { authenticate, onCall: (report: CallReport) => void reports.push(report) };
  const peer = mount(PeerService, complete(handlers));
  const session = sessionService({ intervals, stopping: stopping.signal }, guard(peer, options));
  const listen = { host: "127.0.0.1", port: 0 };
  const server = await serveGrpc({ listen, services: [peer, mount(SessionService, session)], ...options });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await server.close(100);
  };
  t.after(stop);
  return { url: server.url, reports, stop };
}

/** Dials as an agent's process. Closed when the test ends. */
export async function dialAs(t: TestContext, url: string, generation: string | undefined = "1") {
  const headers = () => (generation === undefined ? {} : { [GENERATION_HEADER]: generation });
  const connection = await dial({ url, token: "t", headers });
  t.after(() => connection.close());
  return connection.transport;
}

/** The ways there are to make PeerService's calls. */
export const WAYS: Record<string, (t: TestContext, handlers: Handlers) => Promise<Way>> = {
  "calls by themselves": async (t, handlers) => {
    const { url, ...server } = await serve(t, handlers);
    return { ...server, peer: createClient(PeerService, await dialAs(t, url)) };
  },
  "calls on a session": async (t, handlers) => {
    const { url, ...server } = await serve(t, handlers);
    return { ...server, peer: await peerOnLane(t, await dialAs(t, url)) };
  },
};

/** Opens a lane that ends with the test, and makes its calls. */
export async function peerOnLane(t: TestContext, transport: Transport): Promise<Client<typeof PeerService>> {
  const lane = await Lane.open({ transport });
  t.after(() => lane.close());
  return createClient(PeerService, { ...transport, unary: (...call) => lane.unary(...call) });
}

/** A session without an agent: whatever it is told to send is sent. Leaves out hello when told so. */
export async function rawSession(t: TestContext, url: string, { hello = true, generation = "1" } = {}) {
  const outbox = new Outbox<MessageInitShape<typeof SessionRequestSchema>>();
  const transport = await dialAs(t, url, generation);
  const send = (message: MessageInitShape<typeof SessionRequestSchema>["message"] & {}): void =>
    outbox.push({ message });
  if (hello) send({ case: "hello", value: { protocolMin: 1, protocolMax: 1 } });
  const responses = createClient(SessionService, transport).session(outbox)[Symbol.asyncIterator]();
  t.after(() => outbox.close());
  const next = async (): Promise<SessionResponse["message"]> => {
    const { value } = await responses.next();
    return (value as SessionResponse | undefined)?.message ?? { case: undefined };
  };
  return { send, next, halfClose: () => outbox.close() };
}

/** Every caller is an agent of the name "builder", of the generation that it says. */
const agentOf: Authenticate = (header) => Promise.resolve(agent(header.get(GENERATION_HEADER) ?? ""));

/** An agent as the guard finds it. */
export function agent(generation: string): Principal {
  return { kind: "agent", agentId: "a-1", name: "builder", generation };
}

function complete(handlers: Handlers): ServiceImpl<typeof PeerService> {
  const refuse = (): never => {
    throw new ConnectError("not part of this test", Code.Unimplemented);
  };
  const all = PeerService.methods.map(({ localName }) => [localName, refuse]);
  return { ...Object.fromEntries(all), ...handlers } as ServiceImpl<typeof PeerService>;
}

/** The error that a promise rejects with. */
export async function rejection(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => new Error("it succeeded"),
    (error: unknown) => error,
  );
  if (error instanceof ConnectError) return error;
  throw new Error("expected a ConnectError", { cause: error });
}
