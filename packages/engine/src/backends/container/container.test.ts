import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { suite, test, type TestContext } from "node:test";
import type { BackendRunOptions } from "../backend.ts";
import { cancelStep, runStep, stepOf } from "../testing.ts";
import { Container, type ContainerSettings } from "./container.ts";
import { standIn } from "./testing.ts";

const USER = `${process.getuid?.()}:${process.getgid?.()}`;

async function setUp(
  t: TestContext,
  { name = "docker", ...settings }: ContainerSettings & { name?: "docker" | "podman" } = {},
) {
  const client = await standIn(t, name);
  const backend = await Container.open({ defaultImage: "debian:12", owner: "agent-1", ...settings }, ["/srv/tools"]);
  return { client, backend };
}

/** Runs a step and answers the commands, with the container's name and the workspace's folder made the same for all. */
async function record(t: TestContext, options: Partial<BackendRunOptions>, settings: Parameters<typeof setUp>[1] = {}) {
  const { client, backend } = await setUp(t, settings);
  const { step, workspace } = await stepOf(t, "make", options);
  const end = await backend.run(step);
  const calls = (await client.calls()).map((call) =>
    call.replaceAll(workspace.root, "ROOT").replaceAll(/groundcrew-[0-9a-f-]{36}/g, "NAME"),
  );
  return { end, calls, client, workspace };
}

suite("the container backend", () => {
  test("pulls and creates, starts with its output attached, and removes: docker's exact commands", async (t) => {
    const env = { GREETING: "hello", KEY: "-----BEGIN\nxyz" };
    const { end, calls, client, workspace } = await record(t, { env, image: "node:26", network: "none" });
    assert.deepEqual(end, { kind: "exited", exitCode: 0 });
    assert.deepEqual(calls, [
      "version",
      "create --name NAME --label dev.groundcrew.owner=agent-1 --init --pull missing --env-file ROOT/NAME.env --env KEY " +
        `--user ${USER} --network none --workdir ROOT/workspace ` +
        "--mount type=bind,source=/srv/tools,target=/srv/tools,readonly --mount type=bind,source=ROOT,target=ROOT,readonly " +
        "--mount type=bind,source=ROOT/workspace,target=ROOT/workspace --mount type=bind,source=ROOT/home,target=ROOT/home " +
        "--mount type=bind,source=ROOT/tmp,target=ROOT/tmp --mount type=bind,source=ROOT/outputs,target=ROOT/outputs " +
        "--mount type=bind,source=ROOT/tmp,target=/tmp --entrypoint sh node:26 -c make",
      "start --attach NAME",
      "rm --force --volumes NAME",
    ]);
    assert.equal(await client.read("env-file"), "GREETING=hello\n600");
    assert.deepEqual((await readdir(workspace.root)).toSorted(), ["home", "outputs", "tmp", "workspace"]);
  });

  test("gives the credentials of registries as each client takes them", async (t) => {
    const docker = await record(t, {}, { registryConfig: "/etc/crew" });
    assert.match(docker.calls[1] ?? "", /^--config \/etc\/crew create /);
    const podman = await record(t, {}, { name: "podman", registryConfig: "/etc/crew" });
    assert.match(podman.calls[1] ?? "", /^create .* --authfile \/etc\/crew\/config.json .* debian:12 -c make$/);
  });

  test("passes outputs and the exit code on, and what the pull says", async (t) => {
    const { client, backend } = await setUp(t);
    await client.write("start", "echo out; echo err >&2; exit 7");
    const { end, stdout, stderr } = await runStep(t, backend, "");
    assert.deepEqual([end, stdout, stderr], [{ kind: "exited", exitCode: 7 }, "out\n", "pulling\nerr\n"]);
  });

  test("says that an image cannot be had, and starts nothing", async (t) => {
    const { client, backend } = await setUp(t);
    await client.write("create", "echo no such image >&2; exit 125");
    const { end, stderr } = await runStep(t, backend, "");
    assert.deepEqual(end, { kind: "not_started", message: "docker create exited with 125" });
    assert.match(stderr, /no such image/);
    assert.equal(
      (await client.calls()).some((call) => call.startsWith("start")),
      false,
    );
  });

  test("stops with SIGTERM, then SIGKILL", async (t) => {
    const { client, backend } = await setUp(t);
    await client.write("start", "trap '' TERM; echo; while :; do sleep 0.01; done");
    const { end } = await cancelStep(t, backend, "", { killGraceMs: 50 });
    assert.equal(end.kind, "stopped");
    const signals = (await client.calls()).filter((call) => call.startsWith("kill")).map((call) => call.split(" ")[2]);
    assert.deepEqual(signals, ["TERM", "KILL"]);
  });

  test("removes what an earlier process of this agent left, by label", async (t) => {
    const { client, backend } = await setUp(t);
    await client.write("left", "aaa\nbbb\n");
    await backend.cleanUp();
    assert.deepEqual((await client.calls()).slice(1), [
      "ps --all --quiet --filter label=dev.groundcrew.owner=agent-1",
      "rm --force --volumes aaa bbb",
    ]);
  });

  test("refuses what it cannot carry", async (t) => {
    const { client } = await setUp(t);
    const without = await Container.open({}, []);
    const missing = await runStep(t, without, "");
    assert.match(missing.end.kind === "not_started" ? missing.end.message : "", /--container-image/);
    const { end } = await runStep(t, without, "", { image: "i", env: { LD_PRELOAD: "a\nb" } });
    assert.match(end.kind === "not_started" ? end.message : "", /LD_PRELOAD/);
    assert.equal(
      (await client.calls()).some((call) => call.startsWith("create")),
      false,
    );
  });

  test("says so where the daemon does not answer", async (t) => {
    const client = await standIn(t, "docker");
    await client.write("version", "");
    await client.write("docker", "#!/bin/sh\necho cannot connect >&2; exit 1");
    await assert.rejects(Container.open({}, []), /backend container does not work here: cannot connect/);
  });
});
