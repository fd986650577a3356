import { PeerService } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { generate } from "selfsigned";
import {
  Code,
  createClient,
  dial,
  fingerprintOf,
  type ConnectError,
  type DialOptions,
  type ServiceImpl,
} from "./index.ts";
import { anonymous, mount, serveGrpc, type TlsIdentity } from "./server.ts";

async function identity(): Promise<TlsIdentity> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "groundcrew" }], { keyType: "ec" });
  return { cert, key };
}

async function serve(t: TestContext, tls?: TlsIdentity): Promise<string> {
  const peer = { version: () => ({ serverVersion: "1" }) } as unknown as ServiceImpl<typeof PeerService>;
  for (const { localName } of PeerService.methods) (peer as Record<string, unknown>)[localName] ??= () => ({});
  const server = await serveGrpc({
    listen: { host: "127.0.0.1", port: 0 },
    services: [mount(PeerService, peer)],
    authenticate: anonymous,
    ...(tls && { tls }),
  });
  t.after(() => server.close(0));
  return server.url;
}

async function version(t: TestContext, options: DialOptions): Promise<string> {
  const connection = await dial(options);
  t.after(() => connection.close());
  return (await createClient(PeerService, connection.transport).version({})).serverVersion;
}

suite("dial", () => {
  for (const [url, reason] of [
    ["127.0.0.1:7070", /expected http:\/\/HOST:PORT/],
    ["ftp://127.0.0.1", /expected http:\/\/HOST:PORT/],
    ["http://127.0.0.1:7070/path", /expected http:\/\/HOST:PORT/],
    ["http://token@127.0.0.1:7070", /expected http:\/\/HOST:PORT/],
    ["http://ci.example.org:7070", /plain text is for loopback only/],
    ["http://10.0.0.1:7070", /plain text is for loopback only/],
  ] as const) {
    test(`refuses ${url}`, async () => {
      await assert.rejects(dial({ url }), (error: ConnectError) => {
        assert.equal(error.code, Code.InvalidArgument);
        return reason.test(error.message);
      });
    });
  }

  test("speaks TLS to an address whose certificate is pinned", async (t) => {
    const tls = await identity();
    const url = await serve(t, tls);
    assert.equal(await version(t, { url, fingerprint: fingerprintOf(tls.cert) }), "1");
  });

  test("refuses a certificate with another fingerprint, telling both", async (t) => {
    const url = await serve(t, await identity());
    const fingerprint = fingerprintOf((await identity()).cert);
    await assert.rejects(dial({ url, fingerprint }), (error: ConnectError) => {
      assert.equal(error.code, Code.Unauthenticated);
      return error.message.includes(fingerprint);
    });
  });

  test("refuses a certificate that nobody vouches for", async (t) => {
    const url = await serve(t, await identity());
    await assert.rejects(dial({ url }), { code: Code.Unauthenticated, message: /cannot be trusted: .*self-signed/ });
  });

  test("says that a port speaks plain text", async (t) => {
    const url = (await serve(t)).replace("http:", "https:");
    await assert.rejects(dial({ url }), { code: Code.InvalidArgument, message: /speaks plain text/ });
  });

  test("fails with UNAVAILABLE where nothing listens", async (t) => {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, "close");
    await assert.rejects(version(t, { url: `http://127.0.0.1:${port}` }), { code: Code.Unavailable });
    const fingerprint = `sha256:${"0".repeat(64)}`;
    await assert.rejects(dial({ url: `https://127.0.0.1:${port}`, fingerprint }), { code: Code.Unavailable });
  });
});
