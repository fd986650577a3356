import { createConnectTransport } from "@connectrpc/connect-node";
import {
  FieldViolationSchema,
  PeerService,
  SessionService,
  StaleEpochSchema,
  type GetBlobResponse,
} from "@groundcrew/proto";
import { Client as Channel, credentials } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test, type TestContext } from "node:test";
import {
  Code,
  ConnectError,
  createClient,
  detailOf,
  dial,
  invalidField,
  type Client,
  type HandlerContext,
  type ServiceImpl,
  type Transport,
} from "./index.ts";
import {
  mount,
  principalOf,
  serveGrpc,
  serveHttp,
  type Authenticate,
  type CallReport,
  type Principal,
} from "./server.ts";

const agent: Principal = { kind: "agent", agentId: "a-1", name: "builder", generation: "1" };

const authenticate: Authenticate = (header) => {
  const token = header.get("authorization");
  if (token === null) return Promise.resolve({ kind: "anonymous" });
  if (token === "Bearer good") return Promise.resolve(agent);
  return Promise.reject(new ConnectError("the credential is unknown", Code.Unauthenticated));
};

interface Peers {
  peer: Client<typeof PeerService>;
  calls: CallReport[];
}

type Open = (t: TestContext, peer: Partial<ServiceImpl<typeof PeerService>>, token?: string) => Promise<Peers>;

function complete(peer: Partial<ServiceImpl<typeof PeerService>>): ServiceImpl<typeof PeerService> {
  const refuse = (): never => {
    throw new ConnectError("not part of this test", Code.Unimplemented);
  };
  const all = PeerService.methods.map((method) => [method.localName, refuse]);
  return { ...Object.fromEntries(all), ...peer } as ServiceImpl<typeof PeerService>;
}

const overGrpc: Open = async (t, peer, token = "good") => {
  const calls: CallReport[] = [];
  const server = await serveGrpc({
    listen: { host: "127.0.0.1", port: 0 },
    services: [mount(PeerService, complete(peer))],
    authenticate,
    onCall: (call) => calls.push(call),
  });
  const connection = await dial({ url: server.url, ...(token && { token }) });
  t.after(async () => {
    connection.close();
    await server.close(0);
  });
  return { peer: createClient(PeerService, connection.transport), calls };
};

const overConnect: Open = async (t, peer, token = "good") => {
  const calls: CallReport[] = [];
  const server = await serveHttp({
    listen: { host: "127.0.0.1", port: 0 },
    services: [mount(PeerService, complete(peer))],
    authenticate,
    onCall: (call) => calls.push(call),
  });
  const transport: Transport = createConnectTransport({
    httpVersion: "1.1",
    baseUrl: server.url,
    interceptors: [
      (next) => (request) => {
        if (token) request.header.set("authorization", `Bearer ${token}`);
        return next(request);
      },
    ],
  });
  t.after(() => server.close(0));
  return { peer: createClient(PeerService, transport), calls };
};

/** A promise that a handler resolves with its context once it runs. */
function seen<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  return Promise.withResolvers<T>();
}

for (const [name, open] of Object.entries({ "grpc-js": overGrpc, "connect-node": overConnect })) {
  suite(`the one handler shape on ${name}`, () => {
    test("answers a unary call, and tells the handler who calls", async (t) => {
      let caller: Principal | undefined;
      const { peer } = await open(t, {
        wait: (_request, context) => {
          caller = principalOf(context);
          return { canceledBy: "ada" };
        },
      });
      assert.equal((await peer.wait({ workflowId: "7" })).canceledBy, "ada");
      assert.deepEqual(caller, agent);
    });

    test("streams answers, in order", async (t) => {
      const { peer } = await open(t, {
        async *getBlob() {
          for (const byte of [1, 2, 3]) yield { part: { case: "data", value: new Uint8Array([byte]) } };
        },
      });
      const parts: GetBlobResponse[] = [];
      for await (const part of peer.getBlob({ id: "1" })) parts.push(part);
      assert.deepEqual(
        parts.map(({ part }) => part.case === "data" && part.value[0]),
        [1, 2, 3],
      );
    });

    test("takes streamed requests", async (t) => {
      const { peer } = await open(t, {
        async putBlob(requests) {
          let size = 0;
          for await (const { part } of requests) if (part.case === "data") size += part.value.length;
          return { blob: { size: String(size) } };
        },
      });
      async function* parts() {
        for (let i = 0; i < 3; i++) yield { part: { case: "data" as const, value: new Uint8Array(100_000) } };
      }
      assert.equal((await peer.putBlob(parts())).blob?.size, "300000");
    });

    test("carries typed error details", async (t) => {
      const { peer } = await open(t, {
        init: () => {
          throw new ConnectError("stale", Code.FailedPrecondition, undefined, [
            { desc: StaleEpochSchema, value: { workflowId: "7", epoch: "3" } },
          ]);
        },
        next: (request) => {
          throw invalidField("free_slots", request.freeSlots, "1 to 1024");
        },
      });
      const stale = await rejection(peer.init({ workflowId: "7", epoch: "3" }));
      assert.equal(stale.code, Code.FailedPrecondition);
      assert.equal(detailOf(stale, StaleEpochSchema)?.epoch, "3");
      const invalid = await rejection(peer.next({ freeSlots: 5_000 }));
      assert.equal(invalid.code, Code.InvalidArgument);
      assert.equal(invalid.rawMessage, "free_slots is 5000, expected 1 to 1024");
      const { field, value, expected } = detailOf(invalid, FieldViolationSchema) ?? {};
      assert.deepEqual({ field, value, expected }, { field: "free_slots", value: "5000", expected: "1 to 1024" });
    });

    test("turns a fault into UNAVAILABLE: the cause is logged and not sent", async (t) => {
      const { peer, calls } = await open(t, {
        init: () => {
          throw new Error("password=hunter2");
        },
      });
      const error = await rejection(peer.init({}));
      assert.equal(error.code, Code.Unavailable);
      assert.doesNotMatch(JSON.stringify(error), /hunter2/);
      assert.doesNotMatch(error.message, /hunter2/);
      assert.equal((calls[0]?.error?.cause as Error | undefined)?.message, "password=hunter2");
      assert.ok(error.message.includes(calls[0]?.requestId ?? "?"));
    });

    test("refuses a caller without a credential, with a wrong one, or without the role", async (t) => {
      const { peer: nobody } = await open(t, {}, "");
      assert.equal((await rejection(nobody.init({}))).code, Code.Unauthenticated);
      const { peer: stranger } = await open(t, {}, "bad");
      assert.equal((await rejection(stranger.init({}))).code, Code.Unauthenticated);
    });

    test("lets anybody call what is public, even with a bad credential", async (t) => {
      const { peer } = await open(t, { version: () => ({ serverVersion: "1" }) }, "bad");
      assert.equal((await peer.version({})).serverVersion, "1");
    });

    test("passes the deadline on: the handler's signal aborts, the caller sees DEADLINE_EXCEEDED", async (t) => {
      const handler = seen<HandlerContext>();
      const { peer } = await open(t, {
        async wait(_request, context) {
          handler.resolve(context);
          await once(context.signal, "abort");
          throw context.signal.reason;
        },
      });
      const error = await rejection(peer.wait({}, { timeoutMs: 200 }));
      assert.equal(error.code, Code.DeadlineExceeded);
      const { signal } = await handler.promise;
      if (!signal.aborted) await once(signal, "abort");
    });

    test("a caller that goes away aborts the handler's signal", async (t) => {
      const handler = seen<HandlerContext>();
      const { peer } = await open(t, {
        async wait(_request, context) {
          handler.resolve(context);
          await once(context.signal, "abort");
          return {};
        },
      });
      const leave = new AbortController();
      const call = rejection(peer.wait({}, { signal: leave.signal }));
      const { signal } = await handler.promise;
      leave.abort();
      assert.equal((await call).code, Code.Canceled);
      if (!signal.aborted) await once(signal, "abort");
    });

    test("a reader that leaves ends the handler's stream", async (t) => {
      const ended = seen<void>();
      const { peer } = await open(t, {
        async *getBlob() {
          try {
            for (;;) yield { part: { case: "data", value: new Uint8Array(100_000) } };
          } finally {
            ended.resolve();
          }
        },
      });
      const leave = new AbortController();
      const reading = (async () => {
        for await (const _part of peer.getBlob({ id: "1" }, { signal: leave.signal })) leave.abort();
      })();
      assert.equal((await rejection(reading)).code, Code.Canceled);
      await ended.promise;
    });
  });
}

suite("the grpc-js transport", () => {
  test("survives an error that quotes half of a character", async (t) => {
    const { peer } = await overGrpc(t, {
      next: (request) => {
        throw invalidField("poll_id", request.pollId, "at most 64 characters");
      },
    });
    const error = await rejection(peer.next({ pollId: `${"a".repeat(198)}\u{1f600}\u{1f600}` }));
    assert.equal(error.code, Code.InvalidArgument);
  });

  test("asks who calls before it decodes what they sent", async (t) => {
    const server = await serveGrpc({
      listen: { host: "127.0.0.1", port: 0 },
      services: [mount(PeerService, complete({}))],
      authenticate,
    });
    const client = new Channel(new URL(server.url).host, credentials.createInsecure());
    t.after(async () => {
      client.close();
      await server.close(0);
    });
    const same = (bytes: Buffer): Buffer => bytes;
    const path = "/groundcrew.v1.PeerService/EnqueueLog";
    const code = await new Promise((resolve) => {
      client.makeUnaryRequest(path, same, same, Buffer.from([0xff]), (error) => resolve(error?.code));
    });
    assert.equal(code, Code.Unauthenticated);
  });

  test("refuses an oversized message and goes on", async (t) => {
    const { peer } = await overGrpc(t, { enqueueLog: () => ({ nextLine: 1 }) });
    const huge = { entries: [{ text: new Uint8Array(9 * 1024 * 1024) }] };
    assert.equal((await rejection(peer.enqueueLog(huge))).code, Code.ResourceExhausted);
    assert.equal((await peer.enqueueLog({})).nextLine, 1);
  });

  test("carries a bidirectional stream both ways at once", async (t) => {
    const service: ServiceImpl<typeof SessionService> = {
      async *session(requests) {
        for await (const { message } of requests) {
          if (message.case === "ack") yield { message: { case: "goodbye", value: { reason: message.value.id } } };
        }
      },
      async *channel() {
        yield await Promise.reject(new ConnectError("no", Code.Unimplemented));
      },
    };
    const server = await serveGrpc({
      listen: { host: "127.0.0.1", port: 0 },
      services: [mount(SessionService, service)],
      authenticate,
    });
    const connection = await dial({ url: server.url, token: "good" });
    t.after(async () => {
      connection.close();
      await server.close(0);
    });
    const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    async function* requests() {
      for (const [i, turn] of turns.entries()) {
        yield { message: { case: "ack" as const, value: { id: `${i}` } } };
        await turn.promise;
      }
    }
    const reasons: string[] = [];
    for await (const { message } of createClient(SessionService, connection.transport).session(requests())) {
      if (message.case === "goodbye") reasons.push(message.value.reason);
      turns[reasons.length - 1]?.resolve();
    }
    assert.deepEqual(reasons, ["0", "1"]);
  });
});

async function rejection(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof ConnectError, String(error));
    return error;
  }
  return assert.fail("the call succeeded");
}
