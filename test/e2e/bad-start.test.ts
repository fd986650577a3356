import {
  enrolmentToken,
  launchServer,
  runAgent,
  runCrew,
  runServer,
  startAgent,
  startServer,
  temporaryFolder,
  type ProgramResult,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { chown, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

/** It ended with this code, and said why in words. */
function assertSays({ exitCode, stdout, stderr }: ProgramResult, expectedCode: number, ...patterns: RegExp[]): void {
  assert.equal(exitCode, expectedCode, stdout + stderr);
  for (const pattern of patterns) assert.match(stderr, pattern);
  assert.doesNotMatch(stderr, /\n +at |\\n +at /, "no stack trace");
}

test("what cannot start", { concurrency: true }, async (t) => {
  /** For those that only need one that runs. */
  const shared = await startServer(t);

  t.test("a server that cannot start says why", { concurrency: true }, (t) => {
    const anyPort = ["--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];

    t.test("wrong settings, all at once, exit 2", async () => {
      const wrong = ["--listen", "nowhere", "--lease-ttl", "soon", "--log-level", "loud", "--nonsense"];
      assertSays(
        await runServer(wrong),
        2,
        /--listen.*nowhere/,
        /--lease-ttl.*soon/,
        /--log-level.*loud/,
        /--nonsense/,
      );
      const fromEnvironment = await runServer([], { GROUNDCREW_SERVER_POLL_HOLD: "x", DATABASE_URL: "mysql://x" });
      assertSays(fromEnvironment, 2, /GROUNDCREW_SERVER_POLL_HOLD/, /DATABASE_URL/);
    });

    t.test("a database that cannot be reached", async (t) => {
      const state = await temporaryFolder(t);
      const databaseUrl = "postgres://me:secret@127.0.0.1:1/nothing";
      const result = await runServer([...anyPort, "--state-dir", state], { DATABASE_URL: databaseUrl });
      assertSays(result, 1, /cannot reach the database at 127\.0\.0\.1:1\/nothing/, /DATABASE_URL/);
      assert.ok(!result.stderr.includes("secret"));
    });

    t.test("a port that is taken", async (t) => {
      const running = shared;
      const { host } = new URL(running.url);
      const state = await temporaryFolder(t);
      const env = { DATABASE_URL: running.databaseUrl };
      const grpc = ["--listen", host, "--http-listen", "127.0.0.1:0", "--state-dir", state];
      assertSays(await runServer(grpc, env), 1, new RegExp(`${host.replaceAll(".", "\\.")}.*taken`));
      const http = ["--listen", "127.0.0.1:0", "--http-listen", new URL(running.httpUrl).host, "--state-dir", state];
      assertSays(await runServer(http, env), 1, /taken/);
    });

    t.test("a key that the database's secrets need and it does not have", async (t) => {
      const running = await startServer(t);
      await running.operator.setSecret({ name: "TOKEN", repository: "r", value: "hunter2" });
      const env = { DATABASE_URL: running.databaseUrl };
      const flags = ["--state-dir", await temporaryFolder(t)];
      const missing =
        /encrypted with key [0-9a-f]{16}, which this server does not have .*: give all replicas the same keys/;
      assertSays(await runServer([...anyPort, ...flags], env), 1, missing, /groundcrew-server forget-secrets/);
      const { exitCode, stdout } = await runServer(["forget-secrets", ...flags], env);
      assert.deepEqual([exitCode, stdout], [0, "removed TOKEN of repository r\n"]);
    });

    t.test("a certificate without its key", async (t) => {
      const state = await temporaryFolder(t);
      const flags = [...anyPort, "--state-dir", state, "--tls-cert", join(state, "none.pem")];
      assertSays(await runServer(flags), 1, /--tls-key is missing/);
    });

    t.test("a state directory that another server uses, or whose data is not for this one", async (t) => {
      const server = await launchServer(t, {});
      const start = () => runServer([...anyPort, "--state-dir", server.stateDir]);
      assertSays(await start(), 1, /in use by process \d+/);
      await server.stop();
      const data = join(server.stateDir, "postgres");

      const versionFile = join(data, "PG_VERSION");
      const version = await readFile(versionFile, "utf8");
      await writeFile(versionFile, "12\n");
      assertSays(await start(), 1, /made by Postgres 12/, /restore it into a new data directory/);
      await writeFile(versionFile, version);

      if (process.getuid?.() === 0) {
        const { uid, gid } = await stat(data);
        await chown(data, 12_345, gid);
        assertSays(await start(), 1, /belongs to user id 12345/);
        await chown(data, uid, gid);
      }
      await server.start();
      assert.equal((await server.operator.whoAmI({})).name, "admin", "it is unharmed");
    });
  });

  t.test("an agent that cannot start says why", { concurrency: true }, (t) => {
    t.test("wrong settings, all at once, exit 2", async () => {
      const wrong = ["--capacity", "0", "--serves", "coffee", "--name", "Über"];
      assertSays(await runAgent(wrong), 2, /--server/, /--capacity.*0/, /--serves.*coffee/, /--name.*Über/);
    });

    t.test("no token and no identity, and a folder that another agent has", async (t) => {
      const server = shared;
      const state = join(await temporaryFolder(t), "state");
      assertSays(await runAgent(["--server", server.url, "--state-dir", state]), 2, /crew agents enroll/);
      const agent = await startAgent(t, server);
      const second = ["--server", server.url, "--name", agent.name, "--state-dir", agent.stateDir];
      assertSays(await runAgent(second, { GROUNDCREW_AGENT_TOKEN: await enrolmentToken(server) }), 2, /another agent/);
    });
  });

  t.test("crew says why", { concurrency: true }, (t) => {
    const nowhere = { url: "http://127.0.0.1:1", adminToken: "gco_x", fingerprint: "" };

    t.test("a pipeline file with mistakes: each with line and column, exit 2", async (t) => {
      const folder = await temporaryFolder(t);
      const content =
        "workflows:\n  test:\n    depends_on: lnt\n    steps:\n      - run: 1\n        shel: bash\n  lint: {}\n";
      await writeFile(join(folder, "broken.yaml"), content);
      const result = await runCrew(nowhere, ["submit", "broken.yaml"], { cwd: folder });
      assertSays(result, 2, /broken\.yaml:3:17.*did you mean "lint"/, /broken\.yaml:6:9.*shel/, /broken\.yaml:7:\d+/);
    });

    t.test("a server that is not there: exit 5", async () => {
      assertSays(await runCrew(nowhere, ["pipelines", "ls"]), 5, /127\.0\.0\.1:1/, /next:/);
    });

    t.test("a token that is unknown: exit 3; a pipeline that does not exist: exit 4", async () => {
      const server = shared;
      const { url } = server;
      assertSays(await runCrew({ ...nowhere, url }, ["pipelines", "ls"]), 3, /next:/);
      assertSays(await runCrew(server, ["pipelines", "show", "424242"]), 4, /424242/);
    });
  });
});
