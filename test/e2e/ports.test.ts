import { runPipeline, startAgent, startServer } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { test } from "node:test";
import { grpcCall } from "./support/grpc-call.ts";

test("the ports speak to other people's tools", { concurrency: true }, async (t) => {
  const server = await startServer(t);

  t.test("gRPC health: each service serves, a stranger does not exist", async () => {
    const check = (service: string) => grpcCall(server.url, "/grpc.health.v1.Health/Check", field(1, service));
    for (const service of ["", "groundcrew.v1.PeerService", "groundcrew.v1.OperatorService"]) {
      const { status, messages } = await check(service);
      assert.equal(status, 0);
      // HealthCheckResponse: field 1 is 1, SERVING.
      assert.deepEqual(messages, [Buffer.from([0x08, 0x01])]);
    }
    assert.equal((await check("groundcrew.v1.Nothing")).status, 5);
  });

  t.test("gRPC reflection: lists the services and describes them", async () => {
    for (const version of ["v1", "v1alpha"]) {
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      const { status, messages } = await grpcCall(
        server.url,
        path,
        field(7, ""),
        field(4, "groundcrew.v1.PeerService"),
      );
      assert.equal(status, 0);
      const [services = "", file = ""] = messages.map((message) => message.toString("latin1"));
      for (const name of ["Peer", "Operator", "Session"]) assert.ok(services.includes(`groundcrew.v1.${name}Service`));
      assert.ok(file.includes("RegisterAgent"), "the file that declares it");
    }
  });

  t.test("gRPC: an rpc that does not exist is UNIMPLEMENTED", async () => {
    assert.equal((await grpcCall(server.url, "/groundcrew.v1.PeerService/Nothing")).status, 12);
  });

  t.test("JSON over HTTP: what curl sends", async (t) => {
    await startAgent(t, server);
    const pipeline = await runPipeline(server, `workflows: { w: { steps: [{ run: echo hello }] } }`);
    const call = (method: string, body: object, token?: string) =>
      fetch(`${server.httpUrl}/groundcrew.v1.OperatorService/${method}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
      });
    const found = await call("GetPipeline", { id: pipeline.id }, server.adminToken);
    assert.equal(found.status, 200);
    const json = (await found.json()) as { pipeline: { state: string; workflows: object[] } };
    assert.deepEqual([json.pipeline.state, json.pipeline.workflows.length], ["WORKFLOW_STATE_SUCCEEDED", 1]);
    assert.equal((await call("GetPipeline", { id: "1" })).status, 401);
    const missing = await call("GetPipeline", { id: "424242" }, server.adminToken);
    assert.equal(missing.status, 404);
    assert.match(((await missing.json()) as { message: string }).message, /424242/);
    const wrong = await call("GetPipeline", { id: "x" }, server.adminToken);
    assert.equal(wrong.status, 400);

    const log = (path: string, token = server.adminToken) =>
      fetch(`${server.httpUrl}/logs/${path}`, { headers: { authorization: `Bearer ${token}` } });
    const file = await log(`pipelines/${pipeline.id}?plain`);
    assert.deepEqual([file.status, await file.text()], [200, "hello\n"]);
    assert.match(file.headers.get("content-type") ?? "", /^text\/plain/);
    const refusals = [
      await log(`pipelines/${pipeline.id}`, "gco_wrong"),
      await log("workflows/424242"),
      await log("workflows/1?format=x"),
    ] as const;
    assert.deepEqual(
      refusals.map(({ status }) => status),
      [401, 404, 400],
    );
    assert.match(((await refusals[2].json()) as { message: string }).message, /format.*timestamps/);
  });
});

/** A protobuf message with one text in one field. */
function field(number: number, text: string): Buffer {
  return Buffer.from([(number << 3) | 2, text.length, ...Buffer.from(text)]);
}
