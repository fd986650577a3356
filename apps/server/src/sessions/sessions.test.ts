import { FieldViolationSchema, PeerService, ProtocolMismatchSchema, SupersededSchema } from "@groundcrew/proto";
import { Code, createClient, detailOf, type HandlerContext } from "@groundcrew/rpc";
import type { Authenticate } from "@groundcrew/rpc/server";
import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { GENERATION_HEADER, superseded } from "../tokens/authenticate.ts";
import { agent, dialAs, peerOnLane, rawSession, rejection, serve } from "./testing/way.ts";

const hello = { case: "hello", value: { protocolMin: 1, protocolMax: 1 } } as const;
const init = (callId: number) => ({ case: "call", value: { callId, request: { case: "init", value: {} } } }) as const;

/** Holds a call until its signal aborts, and tells of each that arrives. */
function holder() {
  const signals: AbortSignal[] = [];
  const arrived = Promise.withResolvers<void>();
  const hold = async (_request: unknown, { signal }: HandlerContext): Promise<never> => {
    signals.push(signal);
    arrived.resolve();
    if (!signal.aborted) await once(signal, "abort");
    throw signal.reason;
  };
  return { hold, signals, arrived: arrived.promise };
}

suite("a session opens", () => {
  test("with hello, and is told the version in use and how often to report", async (t) => {
    const { url } = await serve(t, {});
    const session = await rawSession(t, url, { hello: false });
    session.send({ case: "hello", value: { protocolMin: 0, protocolMax: 9 } });
    const welcome = await session.next();
    assert.ok(welcome.case === "welcome");
    assert.deepEqual([welcome.value.protocolVersion, welcome.value.heartbeatIntervalMs], [1, 7_000]);
  });

  test("for no version that this server does not speak", async (t) => {
    const { url } = await serve(t, {});
    for (const [protocolMin, protocolMax, client] of [
      [2, 3, 2],
      [0, 0, 0],
    ] as const) {
      const session = await rawSession(t, url, { hello: false });
      session.send({ case: "hello", value: { protocolMin, protocolMax } });
      const error = await rejection(session.next());
      assert.equal(error.code, Code.FailedPrecondition);
      assert.equal(detailOf(error, ProtocolMismatchSchema)?.client, client);
    }
  });

  test("for no agent that does not say its generation", async (t) => {
    const { url } = await serve(t, {});
    const session = await rawSession(t, url, { generation: "" });
    const error = await rejection(session.next());
    assert.equal(detailOf(error, FieldViolationSchema)?.field, GENERATION_HEADER);
  });

  test("for nobody but agents", async (t) => {
    const { url } = await serve(t, {}, () => Promise.resolve({ kind: "enrolment", tokenId: "t", name: "t" }));
    const session = await rawSession(t, url);
    assert.equal((await rejection(session.next())).code, Code.PermissionDenied);
  });
});

suite("a session refuses what is no conversation, by name of the field", () => {
  type Sent = Parameters<Awaited<ReturnType<typeof rawSession>>["send"]>[0];
  const table: [what: string, sent: Sent[], field: string][] = [
    ["anything before hello", [init(1)], "message"],
    ["a second hello", [hello, hello], "message"],
    [
      "a hello from oldest to newer",
      [{ case: "hello", value: { protocolMin: 2, protocolMax: 1 } }],
      "hello.protocol_min",
    ],
    ["a message that says nothing", [hello, { case: undefined }], "message"],
    ["an id that is in use", [hello, init(1), init(1)], "call.call_id"],
  ];
  for (const [what, sent, field] of table) {
    test(what, async (t) => {
      const { hold } = holder();
      const { url } = await serve(t, { init: hold });
      const session = await rawSession(t, url, { hello: false });
      for (const message of sent) session.send(message);
      const untilRefused = async (): Promise<void> => {
        for (;;) if ((await session.next()).case === undefined) return;
      };
      const error = await rejection(untilRefused());
      assert.equal(error.code, Code.InvalidArgument);
      assert.equal(detailOf(error, FieldViolationSchema)?.field, field);
    });
  }

  test("a call of nothing, which is only its own failure", async (t) => {
    const { url } = await serve(t, { init: () => ({}) });
    const session = await rawSession(t, url);
    await session.next();
    session.send({ case: "call", value: { callId: 1, request: { case: undefined } } });
    const refusal = await session.next();
    assert.ok(refusal.case === "answer" && refusal.value.response.case === "error");
    assert.equal(refusal.value.response.value.fieldViolation?.field, "call.request");
    session.send(init(2));
    const answer = await session.next();
    assert.ok(answer.case === "answer" && answer.value.response.case === "init");
  });

  test("more calls at once than an agent can have, each of which is only its own failure", async (t) => {
    const { hold } = holder();
    const { url } = await serve(t, { init: hold });
    const session = await rawSession(t, url);
    await session.next();
    for (let callId = 1; callId <= 4_097; callId++) session.send(init(callId));
    const refusal = await session.next();
    assert.ok(refusal.case === "answer" && refusal.value.response.case === "error");
    assert.equal(refusal.value.callId, 4_097);
    assert.equal(refusal.value.response.value.code, Code.ResourceExhausted);
  });
});

suite("a call on a session", () => {
  test("that is canceled is answered all the same, once", async (t) => {
    const { hold, arrived } = holder();
    const { url } = await serve(t, { wait: hold, init: () => ({}) });
    const session = await rawSession(t, url);
    await session.next();
    session.send({ case: "call", value: { callId: 1, request: { case: "wait", value: {} } } });
    await arrived;
    for (const callId of [1, 1, 77]) session.send({ case: "cancel", value: { callId } });
    const canceled = await session.next();
    assert.ok(canceled.case === "answer" && canceled.value.response.case === "error");
    assert.deepEqual([canceled.value.callId, canceled.value.response.value.code], [1, Code.Canceled]);
    session.send(init(1));
    const answer = await session.next();
    assert.ok(answer.case === "answer" && answer.value.response.case === "init", "its id is free again");
  });

  test("is aborted when the agent ends the session", async (t) => {
    const { hold, signals, arrived } = holder();
    const { url } = await serve(t, { init: hold });
    const session = await rawSession(t, url);
    session.send(init(1));
    await arrived;
    session.halfClose();
    const [signal = assert.fail()] = signals;
    if (!signal.aborted) await once(signal, "abort");
  });
});

suite("who calls is asked", () => {
  /** The newest generation, as the database would have it. */
  function generations() {
    const now = { newest: "1", asked: 0 };
    const authenticate: Authenticate = async (header) => {
      const generation = header.get(GENERATION_HEADER) ?? "";
      now.asked += 1;
      if (generation !== now.newest) throw superseded(generation, now.newest);
      return agent(generation);
    };
    return { now, authenticate };
  }

  test("when a session opens and at each of its heartbeats, not at its other calls", async (t) => {
    const { now, authenticate } = generations();
    const { url } = await serve(t, { init: () => ({}), reportHealth: () => ({}) }, authenticate);
    const peer = await peerOnLane(t, await dialAs(t, url));
    for (const method of ["init", "init", "reportHealth", "init"] as const) await peer[method]({});
    assert.equal(now.asked, 2);
  });

  test("and a session whose process was superseded ends, with the detail on which the process exits", async (t) => {
    const { now, authenticate } = generations();
    const { url } = await serve(t, { reportHealth: () => ({}) }, authenticate);
    const session = await rawSession(t, url);
    await session.next();
    now.newest = "2";
    session.send({ case: "call", value: { callId: 1, request: { case: "reportHealth", value: {} } } });
    const answer = await session.next();
    assert.ok(answer.case === "answer" && answer.value.response.case === "error");
    assert.equal(answer.value.response.value.superseded?.newest, "2");
    assert.equal(detailOf(await rejection(session.next()), SupersededSchema)?.newest, "2");
  });

  test("and the session of a newer process ends that of the older one at once", async (t) => {
    const { now, authenticate } = generations();
    const { url } = await serve(t, {}, authenticate);
    const older = await rawSession(t, url);
    await older.next();
    now.newest = "2";
    const newer = await rawSession(t, url, { generation: "2" });
    assert.equal((await newer.next()).case, "welcome");
    assert.equal(detailOf(await rejection(older.next()), SupersededSchema)?.newest, "2");
  });

  test("and a second session of the same process takes the place of the first, which may be a dead one", async (t) => {
    const { url } = await serve(t, {});
    const first = await rawSession(t, url);
    await first.next();
    const second = await rawSession(t, url);
    assert.equal((await second.next()).case, "welcome");
    const error = await rejection(first.next());
    assert.deepEqual([error.code, detailOf(error, SupersededSchema)], [Code.Unavailable, undefined]);
  });
});

suite("a server that stops", () => {
  test("says goodbye to idle sessions, and that they may come back", async (t) => {
    const { url, stop } = await serve(t, {});
    const session = await rawSession(t, url);
    await session.next();
    const stopped = stop();
    const goodbye = await session.next();
    assert.ok(goodbye.case === "goodbye" && goodbye.value.reconnect);
    assert.equal((await session.next()).case, undefined, "the stream ends");
    await stopped;
  });

  test("refuses later calls as retryable while those in flight are answered", async (t) => {
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const { url, stop } = await serve(t, {
      async done() {
        arrived.resolve();
        await release.promise;
        return {};
      },
    });
    const session = await rawSession(t, url);
    await session.next();
    session.send({ case: "call", value: { callId: 1, request: { case: "done", value: {} } } });
    await arrived.promise;
    const stopped = stop();
    session.send(init(2));
    const refusal = await session.next();
    assert.ok(refusal.case === "answer" && refusal.value.response.case === "error");
    assert.equal(refusal.value.response.value.code, Code.Unavailable);
    release.resolve();
    const cases = [await session.next(), await session.next()].map((message) => message.case);
    assert.deepEqual(cases, ["answer", "goodbye"]);
    await stopped;
  });
});

test("an agent that does not read its answers is not read from without end", async (t) => {
  let calls = 0;
  const { url } = await serve(t, {
    wait: () => {
      calls += 1;
      return { canceledBy: "x".repeat(1_000) };
    },
    init: () => ({}),
  });
  const session = await rawSession(t, url);
  const COUNT = 5_000;
  for (let callId = 1; callId <= COUNT; callId++) {
    session.send({ case: "call", value: { callId, request: { case: "wait", value: {} } } });
  }
  assert.equal((await session.next()).case, "welcome");
  // Until it has made no call while it answered somebody else many times.
  const other = createClient(PeerService, await dialAs(t, url));
  for (let before = -1; before !== calls;) {
    before = calls;
    for (let round = 0; round < 50; round++) await other.init({});
  }
  assert.ok(calls < COUNT / 2, `${calls} of ${COUNT} calls were made`);
  for (let answers = 0; answers < COUNT; answers++) assert.equal((await session.next()).case, "answer");
});

test("errors that are no ConnectError are never thrown into a session", async (t) => {
  const { url } = await serve(t, {
    init: () => {
      throw null as unknown as Error;
    },
  });
  const session = await rawSession(t, url);
  await session.next();
  session.send(init(1));
  const answer = await session.next();
  assert.ok(answer.case === "answer" && answer.value.response.case === "error");
});
