import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { findAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { PostgresError, startPostgres, type EmbeddedPostgres, type StartOptions } from "./index.ts";
import { freePort, listen } from "./listen.ts";
import { runsOn } from "./orphan.ts";

const folder = mkdtempSync(join(tmpdir(), "postgres-"));
chmodSync(folder, 0o755); // as root, Postgres is another user
after(() => rmSync(folder, { recursive: true }));

/** One cluster for all tests: making one takes longer than all the rest. */
const dataDir = join(folder, "data");

/** Starts it for one test, which may stop it or leave that to its end. */
async function start(t: TestContext, options: Partial<StartOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDir, settings: { fsync: "off" }, ...options });
  t.after(() => server.stop());
  return server;
}

async function query(url: string, text: string): Promise<unknown[][]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe(text).values())];
  } finally {
    await sql.end();
  }
}

function refusedAs(code: PostgresError["code"], words: RegExp) {
  return (error: unknown): true => {
    assert(error instanceof PostgresError);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };
}

/** A process of ours that started Postgres and will not get to stop it. */
async function startElsewhere(t: TestContext) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve("./testing/holder.ts")), dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [url] = await once(child.stdout, "data");
  const exited = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  t.after(kill);
  return { pid: child.pid, url: String(url), kill };
}

function postmasterPid(): number {
  return Number.parseInt(readFileSync(join(dataDir, "postmaster.pid"), "utf8"), 10);
}

suite("a cluster", () => {
  test("is made where there is none, and answers at its url", async (t) => {
    const server = await start(t);
    const shown = ["server_encoding", "lc_collate", "timezone", "server_version_num"];
    const rows = await query(
      server.url,
      shown.map((name) => `select current_setting('${name}', true)`).join(" union all "),
    );
    await server.stop();
    assert.deepEqual(rows.flat().slice(0, 3), ["UTF8", null, "UTC"]);
    assert.deepEqual(await server.exited, { code: 0, signal: undefined });
  });

  test("keeps its data and its password over a restart", async (t) => {
    const first = await start(t);
    await query(first.url, "create table if not exists kept (word text); insert into kept values ('grüße')");
    await first.stop();
    const second = await start(t);
    assert.deepEqual(await query(second.url, "select distinct word from kept"), [["grüße"]]);
    assert.equal(new URL(second.url).password, new URL(first.url).password);
    await second.stop();
  });

  test("lets nobody in without its password, which only its owner can read", async (t) => {
    const server = await start(t);
    const wrong = new URL(server.url);
    wrong.password = "postgres";
    await assert.rejects(query(wrong.href, "select 1"), { code: "28P01" });
    await server.stop();
    assert.equal(statSync(`${dataDir}.password`).mode & 0o777, 0o600);
    assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  });

  test("stops once, however often it is told to", async (t) => {
    const server = await start(t);
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    assert(!existsSync(join(dataDir, "postmaster.pid")));
  });

  test("logs to whom it is told, without stamps of its own", async (t) => {
    const lines: string[] = [];
    const server = await start(t, { log: (line) => lines.push(line) });
    await server.stop();
    assert(lines.includes("LOG:  database system is ready to accept connections"), lines.join("\n"));
  });

  test("stops when the signal says so", async (t) => {
    const abort = new AbortController();
    const server = await start(t, { signal: abort.signal });
    abort.abort();
    assert.deepEqual(await server.exited, { code: 0, signal: undefined });
  });

  test("takes another port when someone is quicker", async (t) => {
    const taken = createServer().listen({ host: "127.0.0.1", port: 0 });
    t.after(() => taken.close());
    await once(taken, "listening");
    const ports = [taken.address(), await freePort()].map((one) =>
      one !== null && typeof one === "object" ? one.port : one,
    );
    const account = await findAccount();
    const { postgres } = await findBinaries(account);
    const free = ports[1];
    const { port, postmaster } = await listen({ postgres, account, dataDir }, async () => Number(ports.shift()));
    assert.equal(port, free);
    postmaster.kill("SIGINT");
    await postmaster.exited;
  });
});

suite("a crash", () => {
  test("of Postgres is seen, and the next start recovers", async (t) => {
    const server = await start(t);
    await query(server.url, "create table if not exists kept (word text); insert into kept values ('committed')");
    process.kill(postmasterPid(), "SIGKILL");
    assert.deepEqual(await server.exited, { code: undefined, signal: "SIGKILL" });
    await server.stop();
    const next = await start(t);
    assert.deepEqual(await query(next.url, "select 1 from kept where word = 'committed' limit 1"), [[1]]);
    await next.stop();
  });

  test("of the process that started it frees the lock, and its Postgres does not live on", async (t) => {
    const holder = await startElsewhere(t);
    const orphan = postmasterPid();
    await holder.kill();
    const server = await start(t);
    assert.notEqual(postmasterPid(), orphan);
    assert(!(await runsOn(orphan, dataDir)));
    await server.stop();
  });

  test("whose process id is another program's by now does not matter", async (t) => {
    const { switchTo } = await findAccount();
    const program = spawn("sleep", ["60"], { ...switchTo, stdio: "ignore" });
    t.after(() => program.kill());
    const server = await start(t);
    process.kill(postmasterPid(), "SIGKILL");
    await server.exited;
    const file = join(dataDir, "postmaster.pid");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^\d+/, String(program.pid)));
    const next = await start(t);
    assert.deepEqual(await query(next.url, "select 1"), [[1]]);
    assert.equal(program.exitCode, null);
  });

  test("that left a Postgres running: it is stopped first", async (t) => {
    const account = await findAccount();
    const { postgres } = await findBinaries(account);
    const orphan = await listen({ postgres, account, dataDir }, freePort);
    const server = await start(t);
    assert.deepEqual(await orphan.postmaster.exited, { code: 0, signal: undefined });
    assert.deepEqual(await query(server.url, "select 1"), [[1]]);
    await server.stop();
  });
});

suite("a start is refused", () => {
  test("while another process has the data directory, naming it", async (t) => {
    const holder = await startElsewhere(t);
    await assert.rejects(
      start(t),
      refusedAs("locked", new RegExp(`in use by process ${holder.pid}: stop that process`)),
    );
    assert.deepEqual(await query(holder.url, "select 1"), [[1]]);
    await holder.kill();
  });

  test("while this process has the data directory", async (t) => {
    const server = await start(t);
    await assert.rejects(start(t), refusedAs("locked", new RegExp(`in use by process ${process.pid}:`)));
    assert.deepEqual(await query(server.url, "select 1"), [[1]]);
    await server.stop();
  });

  test("with a setting that Postgres does not take, repeating what it said", async (t) => {
    const refused = start(t, { settings: { shared_buffers: "a lot" } });
    await assert.rejects(
      refused,
      refusedAs("start_failed", /exit code 1:\n(.*\n)*.*invalid value for .*"shared_buffers"/),
    );
  });

  test("without the password of the cluster", async (t) => {
    renameSync(`${dataDir}.password`, `${dataDir}.elsewhere`);
    await assert.rejects(
      start(t),
      refusedAs("not_a_data_directory", /data\.password, which belongs to .*data, cannot be read/),
    );
    renameSync(`${dataDir}.elsewhere`, `${dataDir}.password`);
  });

  test("when it is aborted, and leaves no half-made cluster", async (t) => {
    const abort = new AbortController();
    const starting = start(t, { dataDir: join(folder, "aborted"), signal: abort.signal });
    setImmediate(() => abort.abort());
    await assert.rejects(starting, { name: "AbortError" });
    assert.deepEqual(
      readdirSync(folder).filter((name) => /^aborted(\.new)?$/.test(name)),
      [],
    );
  });
});
