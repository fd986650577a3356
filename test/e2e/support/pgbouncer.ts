import { atEnd, temporaryFolder } from "@groundcrew/testkit";
import { execa } from "execa";
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";

/** Where Debian's package of the same name puts it. */
const PGBOUNCER = "/usr/sbin/pgbouncer";

/** Why a test cannot have a pooler here; false when it can. */
export const noPooler = existsSync(PGBOUNCER) ? false : "needs the Debian package pgbouncer";

/** Starts a pooler before a database, one that changes the session at each transaction. Returns the URL through it. */
export async function startPooler(t: TestContext, databaseUrl: string): Promise<string> {
  const folder = await temporaryFolder(t, "pgbouncer");
  const port = await freePort();
  const file = join(folder, "pgbouncer.ini");
  await writeFile(file, settings(new URL(databaseUrl), port));
  // It refuses to be root, and reads its file as the user it becomes.
  await chmod(folder, 0o755);
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const pooler = execa(PGBOUNCER, [...user, file], { reject: false, stdin: "ignore", stdout: "ignore", buffer: false });
  atEnd(t, async () => {
    pooler.kill("SIGKILL");
    await pooler;
  });
  await Promise.race([
    isUp(pooler.stderr),
    pooler.then(({ exitCode }) => assert.fail(`it ended with code ${exitCode}`)),
  ]);
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  return url.href;
}

function isUp(stderr: Readable): Promise<void> {
  return new Promise((resolve) => {
    createInterface({ input: stderr }).on("line", (line) => {
      if (line.includes("process up")) resolve();
    });
  });
}

/** Three sessions for all: fewer than the servers have connections, so that each serves several. */
function settings({ hostname, port, username, password }: URL, listenPort: number): string {
  return `[databases]
* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
