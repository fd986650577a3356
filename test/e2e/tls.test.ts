import {
  enrolmentToken,
  runAgent,
  runCrew,
  runPipeline,
  startAgent,
  startServer,
  temporaryFolder,
} from "@groundcrew/testkit";
import { WorkflowState } from "@groundcrew/proto";
import { execa } from "execa";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

test("TLS", async (t) => {
  const openssl = await execa("openssl", ["version"], { reject: false });
  if (openssl.failed) return t.skip("needs openssl (Debian package openssl)");
  const folder = await temporaryFolder(t);
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=groundcrew", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"];
  await execa("openssl", ["req", "-x509", "-newkey", "rsa:2048", ...subject, "-keyout", key, "-out", cert]);
  const server = await startServer(t, { flags: ["--tls-cert", cert, "--tls-key", key] });
  assert.match(server.url, /^https:/);
  assert.match(server.httpUrl, /^https:/);
  const wrong = `sha256:${"0".repeat(64)}`;

  await t.test("agents and crew that pin the certificate work", async (t) => {
    await startAgent(t, server);
    const { state } = await runPipeline(server, `workflows: { w: { steps: [{ run: "true" }] } }`);
    assert.equal(state, WorkflowState.SUCCEEDED);
    const { exitCode, stderr } = await runCrew(server, ["pipelines", "ls"]);
    assert.equal(exitCode, 0, stderr);
  });

  await t.test("so do those that trust its authority", async () => {
    const token = server.adminToken;
    const login = ["login", server.url, "--ca-file", cert];
    const own = { XDG_CONFIG_HOME: folder, GROUNDCREW_TOKEN: token, GROUNDCREW_URL: "", GROUNDCREW_FINGERPRINT: "" };
    const { exitCode, stderr } = await runCrew(server, login, { env: own });
    assert.equal(exitCode, 0, stderr);
    const saved = await readFile(join(folder, "groundcrew/config.yaml"), "utf8");
    assert.ok(saved.includes(server.url));
  });

  await t.test("the agents' line that crew prints pins it", async () => {
    const { stdout } = await runCrew(server, ["agents", "enroll"]);
    assert.ok(stdout.includes(server.fingerprint), stdout);
    assert.ok(stdout.includes(server.url), stdout);
  });

  await t.test("another certificate than the pinned one is refused, with both fingerprints", async (t) => {
    const crew = await runCrew({ ...urlAndToken(server), fingerprint: wrong }, ["pipelines", "ls"]);
    assert.notEqual(crew.exitCode, 0);
    assert.ok(crew.stderr.includes(server.fingerprint) && crew.stderr.includes(wrong), crew.stderr);
    const state = join(await temporaryFolder(t), "state");
    const flags = ["--server", server.url, "--name", "pinned", "--state-dir", state, "--fingerprint", wrong];
    const agent = await runAgent(flags, { GROUNDCREW_AGENT_TOKEN: await enrolmentToken(server) });
    assert.notEqual(agent.exitCode, 0);
    assert.ok(agent.stderr.includes(server.fingerprint), agent.stderr);
  });

  await t.test("a certificate that nobody vouches for is refused", async () => {
    const crew = await runCrew({ ...urlAndToken(server), fingerprint: "" }, ["pipelines", "ls"]);
    assert.notEqual(crew.exitCode, 0);
    assert.doesNotMatch(crew.stderr, /\n +at /);
  });

  await t.test("plain text is refused off loopback before anything is sent", async () => {
    const { exitCode, stderr } = await runCrew(
      { url: "http://ci.example.org:7070", adminToken: "x", fingerprint: "" },
      ["pipelines", "ls"],
    );
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /plain text is for loopback only/);
  });
});

function urlAndToken({ url, adminToken }: { url: string; adminToken: string }) {
  return { url, adminToken };
}
