import { LaneAnswerSchema, LaneCallSchema, PeerService, SessionService, type SessionRequest } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { Code, ConnectError, createClient, dial, Lane, type ServiceImpl } from "../index.ts";
import { anonymous, mount, serveGrpc } from "../server.ts";
import { LANE_METHODS } from "./methods.ts";

type Serve = ServiceImpl<typeof SessionService>["session"];

const welcome = { message: { case: "welcome", value: { protocolVersion: 1 } } } as const;
const answer = (callId: number) =>
  ({ message: { case: "answer", value: { callId, response: { case: "init", value: {} } } } }) as const;

/** A transport to a server that does with sessions what a test says. */
async function transportTo(t: TestContext, session: Serve) {
  const implementation = { session, channel: session } as unknown as ServiceImpl<typeof SessionService>;
  const listen = { host: "127.0.0.1", port: 0 };
  const server = await serveGrpc({
    listen,
    services: [mount(SessionService, implementation)],
    authenticate: anonymous,
  });
  const connection = await dial({ url: server.url });
  t.after(async () => {
    connection.close();
    await server.close(0);
  });
  return connection.transport;
}

async function open(t: TestContext, session: Serve) {
  const transport = await transportTo(t, session);
  const lane = await Lane.open({ transport });
  t.after(() => lane.close());
  return { lane, peer: createClient(PeerService, { ...transport, unary: (...call) => lane.unary(...call) }) };
}

async function rejection(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => assert.fail("it succeeded"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

/** The requests of a session, after hello. */
async function* afterHello(requests: AsyncIterable<SessionRequest>): AsyncGenerator<SessionRequest["message"]> {
  for await (const { message } of requests) if (message.case !== "hello") yield message;
}

test("every call of the contract's lane has its answer, but for the error", () => {
  const named = (fields: readonly { localName: string }[] = []) => fields.map(({ localName }) => localName).toSorted();
  const answers = named(LaneAnswerSchema.oneofs[0]?.fields);
  assert.deepEqual([...LANE_METHODS.keys()].toSorted(), named(LaneCallSchema.oneofs[0]?.fields));
  assert.deepEqual([...LANE_METHODS.keys(), "error"].toSorted(), answers);
});

suite("a lane", () => {
  test("is not open before the server's welcome, and gives up where none comes", async (t) => {
    const transport = await transportTo(t, async function* (requests) {
      for await (const _ of requests) yield* [];
    });
    const error = await rejection(Lane.open({ transport, openMs: 100 }));
    assert.equal(error.code, Code.Unavailable);
    assert.match(error.rawMessage, /no session within 100 ms/);
  });

  test("cannot be opened where the server refuses it, for the server's reason", async (t) => {
    // oxlint-disable-next-line require-yield
    const transport = await transportTo(t, async function* () {
      throw new ConnectError("no sessions here", Code.Unimplemented);
    });
    assert.equal((await rejection(Lane.open({ transport }))).code, Code.Unimplemented);
  });

  test("cannot be opened by one who has left", async (t) => {
    const transport = await transportTo(t, async function* () {
      yield welcome;
    });
    await assert.rejects(Lane.open({ transport, signal: AbortSignal.abort(new Error("left")) }), /left/);
  });

  test("that breaks fails what is in flight with UNAVAILABLE, and then carries nothing", async (t) => {
    const { lane, peer } = await open(t, async function* (requests) {
      yield welcome;
      for await (const _ of afterHello(requests)) throw new ConnectError("broken", Code.Internal);
    });
    assert.ok(lane.carries(PeerService.method.init));
    const error = await rejection(peer.init({}));
    assert.deepEqual([error.code, error.rawMessage], [Code.Unavailable, "the session ended: broken"]);
    assert.equal((await lane.ended).error.code, Code.Internal);
    assert.ok(!lane.carries(PeerService.method.init));
    assert.equal((await rejection(peer.init({}))).code, Code.Unavailable);
  });

  test("carries no file", async (t) => {
    const { lane } = await open(t, async function* (requests) {
      yield welcome;
      for await (const _ of requests) yield* [];
    });
    assert.ok(!lane.carries(PeerService.method.putBlob));
    assert.ok(!lane.carries(PeerService.method.registerAgent));
  });

  test("on which nothing comes any more is ended: something on the way holds it back", async (t) => {
    const { lane, peer } = await open(t, async function* (requests) {
      yield welcome;
      for await (const _ of afterHello(requests)) yield* [];
    });
    const patient = rejection(peer.wait({}));
    assert.equal((await rejection(peer.init({}, { timeoutMs: 50 }))).code, Code.DeadlineExceeded);
    assert.equal((await lane.ended).isSilent, true);
    assert.equal((await patient).code, Code.Unavailable);
  });

  test("outlives the deadlines of a server that is slow but there, and an answer that comes too late is nobody's", async (t) => {
    const late: number[] = [];
    const refusal = { case: "error", value: { code: Code.InvalidArgument } } as const;
    const { lane, peer } = await open(t, async function* (requests) {
      yield welcome;
      for await (const message of afterHello(requests)) {
        if (message.case !== "call") continue;
        const { callId, request } = message.value;
        if (request.case === "wait") late.push(callId);
        else if (request.case === "extend") yield* late.map(answer);
        else if (request.case === "init") yield answer(callId);
        else yield { message: { case: "answer", value: { callId, response: refusal } } };
      }
    });
    assert.equal((await rejection(peer.wait({}, { timeoutMs: 300 }))).code, Code.DeadlineExceeded);
    // By the time that this one is given up as well, the lane has been found alive or dead.
    assert.equal((await rejection(peer.extend({}, { timeoutMs: 300 }))).code, Code.DeadlineExceeded);
    await peer.init({});
    assert.equal(late.length, 1);
    assert.ok(lane.carries(PeerService.method.init));
  });

  test("takes no new calls after the server's goodbye, and still hears the answers to the old ones", async (t) => {
    const { lane, peer } = await open(t, async function* (requests) {
      yield welcome;
      for await (const message of afterHello(requests)) {
        if (message.case !== "call") continue;
        yield { message: { case: "goodbye", value: { reason: "bye", reconnect: true } } };
        yield answer(message.value.callId);
      }
    });
    await peer.init({});
    assert.ok(!lane.carries(PeerService.method.init));
    await lane.close();
    assert.equal((await lane.ended).goodbye?.reason, "bye");
  });

  test("that is answered what was not asked fails that call", async (t) => {
    const { peer } = await open(t, async function* (requests) {
      yield welcome;
      for await (const message of afterHello(requests)) if (message.case === "call") yield answer(message.value.callId);
    });
    assert.equal((await rejection(peer.extend({}))).code, Code.Internal);
    await peer.init({});
  });
});
