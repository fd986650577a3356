import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { SessionService, SupersededSchema } from "@groundcrew/proto";
import { Code, ConnectError, dial, type ServiceImpl } from "@groundcrew/rpc";
import { anonymous, mount, serveGrpc } from "@groundcrew/rpc/server";
import { ExitCode, type FatalError } from "../exit.ts";
import { createLog } from "../log.ts";
import { FakeServer } from "../testing/fake-server.ts";
import { ServerLink } from "./server-link.ts";

/** A link to a server, and its session's loop. Both end with the test. */
async function linkTo(url: string, beforeClose: (work: () => Promise<void>) => void) {
  const logged: string[] = [];
  const { log } = createLog({ level: "debug", sink: { write: (line) => logged.push(line) } });
  const connection = await dial({ url });
  const refused = Promise.withResolvers<FatalError>();
  const link = new ServerLink({ transport: connection.transport, log, onRefused: refused.resolve });
  const leave = new AbortController();
  const keep = (): void => {
    const kept = link.keepSession(leave.signal).catch(() => undefined);
    beforeClose(async () => {
      leave.abort(new Error("the test is over"));
      await kept;
    });
  };
  beforeClose(async () => connection.close());
  return { link, keep, logged, refused: refused.promise };
}

async function setUp(t: TestContext) {
  const server = await FakeServer.start(t);
  const made = await linkTo(server.url, (work) => server.dependents.unshift(work));
  const report = () => made.link.untilAnswered((client, how) => client.reportHealth({}, how));
  const carried = () => server.carried.get("reportHealth") ?? 0;
  const isOpen = async (): Promise<void> => {
    for (const before = carried(); carried() === before;) await report();
  };
  return { server, ...made, report, carried, isOpen };
}

suite("a call to the server", () => {
  test("goes by itself while there is no session, and on the session once there is one", async (t) => {
    const { server, keep, report, carried, isOpen } = await setUp(t);
    await report();
    assert.deepEqual([server.sessions, carried()], [0, 0]);
    keep();
    await isOpen();
    const before = server.calls.get("reportHealth") ?? 0;
    await report();
    assert.equal(server.sessions, 1);
    assert.equal(server.calls.get("reportHealth"), before + 1, "once");
  });

  test("goes by itself where sessions are refused, which the log says once, and on a session when they no longer are", async (t) => {
    const { server, keep, report, carried, isOpen, logged } = await setUp(t);
    let refusals = 0;
    server.refuseSession = () => {
      refusals += 1;
      server.queue.changed.notify();
      throw new ConnectError("no sessions", Code.Unimplemented);
    };
    keep();
    await server.until(() => refusals >= 3);
    await report();
    assert.equal(carried(), 0);
    assert.equal(logged.filter((line) => line.includes("calls go by themselves")).length, 1);
    server.refuseSession = () => {};
    await isOpen();
    assert.equal(logged.filter((line) => line.includes("calls go on the session again")).length, 1);
  });

  test("that is in flight when the server goes is answered when it is back, with all others at once", async (t) => {
    const { server, keep, link, isOpen } = await setUp(t);
    keep();
    await isOpen();
    let arrived = 0;
    const release = Promise.withResolvers<void>();
    server.refuse = async (method) => {
      if (method !== "init" || ++arrived > 3) return;
      server.queue.changed.notify();
      await release.promise;
    };
    const workflow = server.queue.submit({ plan: { case: "build", value: {} } });
    const { workflowId, epoch } = workflow.grant;
    const calls = [1, 2, 3].map(() => link.untilAnswered((client, how) => client.init({ workflowId, epoch }, how)));
    await server.until(() => arrived === 3);
    await server.down();
    release.resolve();
    await server.up();
    await Promise.all(calls);
    await isOpen();
    assert.equal(server.sessions, 2);
  });

  test("that a session carries has the refusals that end the agent", async (t) => {
    for (const refusal of [
      new ConnectError("revoked", Code.Unauthenticated),
      new ConnectError("not yours", Code.PermissionDenied),
      new ConnectError("superseded", Code.Aborted, undefined, [
        { desc: SupersededSchema, value: { generation: "1", newest: "2" } },
      ]),
    ]) {
      const { server, keep, report, isOpen, refused } = await setUp(t);
      keep();
      await isOpen();
      server.refuse = () => {
        throw refusal;
      };
      await assert.rejects(report(), { code: refusal.code });
      assert.equal((await refused).exitCode, ExitCode.REFUSED);
    }
  });
});

suite("a session", () => {
  /** A server that says goodbye to each session at once. */
  async function dismissing(t: TestContext, reconnect: boolean) {
    let sessions = 0;
    const third = Promise.withResolvers<void>();
    const service = {
      async *session() {
        if (++sessions === 3) third.resolve();
        yield { message: { case: "welcome", value: {} } };
        yield { message: { case: "goodbye", value: { reason: "moving house", reconnect } } };
      },
      channel: () => {},
    } as unknown as ServiceImpl<typeof SessionService>;
    const listen = { host: "127.0.0.1", port: 0 };
    const server = await serveGrpc({ listen, services: [mount(SessionService, service)], authenticate: anonymous });
    const works: (() => Promise<void>)[] = [];
    t.after(async () => {
      for (const work of works) await work();
      await server.close(0);
    });
    return { ...(await linkTo(server.url, (work) => works.unshift(work))), third: third.promise };
  }

  test("that the server ends for good ends the agent, for the server's reason", async (t) => {
    const { keep, refused } = await dismissing(t, false);
    keep();
    const error = await refused;
    assert.equal(error.exitCode, ExitCode.REFUSED);
    assert.match(error.message, /moving house/);
  });

  test("that the server ends for now is opened again", async (t) => {
    const { keep, third } = await dismissing(t, true);
    keep();
    await third;
  });
});
