import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { atEnd } from "./at-end.ts";
import { startProxy } from "./proxy.ts";

/** A server that sends back what it gets, after its name. */
async function startEcho(t: TestContext, name = ""): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => socket.write(`${name}${bytes.toString()}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(t, () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function dial(t: TestContext, url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  atEnd(t, () => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

async function ask(socket: Socket, question: string): Promise<string> {
  socket.write(question);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString();
}

suite("a fault proxy", () => {
  test("lets connections take turns between its targets, past one that refuses", async (t) => {
    const [a, b] = [await startEcho(t, "a:"), await startEcho(t, "b:")];
    const proxy = await startProxy(t, a, "tcp://127.0.0.1:1", b);
    const answers: string[] = [];
    for (let n = 0; n < 6; n += 1) answers.push(await ask(await dial(t, proxy.url), "x"));
    assert.deepEqual(answers, ["a:x", "b:x", "b:x", "a:x", "b:x", "b:x"]);
  });

  test("breaks a new connection when no target accepts", async (t) => {
    const proxy = await startProxy(t, "tcp://127.0.0.1:1");
    await once(await dial(t, proxy.url), "close");
  });

  test("lets everything take as long as it is told, in order", async (t) => {
    const proxy = await startProxy(t, await startEcho(t));
    const socket = await dial(t, proxy.url);
    await ask(socket, "warm");
    proxy.slow(50);
    const sentMs = performance.now();
    assert.equal(await ask(socket, "slow"), "slow");
    assert.ok(performance.now() - sentMs >= 100, "50 ms each way");
    socket.write("first ");
    proxy.pass();
    assert.match(await ask(socket, "second"), /^first /);
  });

  test("half open, passes on neither bytes nor closes until it is over", async (t) => {
    const proxy = await startProxy(t, await startEcho(t));
    const socket = await dial(t, proxy.url);
    await ask(socket, "warm");
    const held = proxy.stall("answers");
    socket.write("lost for now");
    await held;
    const answered = once(socket, "data");
    proxy.pass();
    assert.equal(String((await answered)[0]), "lost for now");
  });

  test("cut, loses what it holds back", async (t) => {
    const proxy = await startProxy(t, await startEcho(t));
    const socket = await dial(t, proxy.url);
    await ask(socket, "warm");
    const held = proxy.stall("answers");
    let heard = "";
    socket.on("data", (bytes) => (heard += bytes.toString()));
    socket.write("gone");
    await held;
    proxy.cut();
    proxy.pass();
    await once(socket, "close");
    assert.equal(heard, "");
    assert.equal(await ask(await dial(t, proxy.url), "again"), "again");
  });
});
