// oxlint-disable-next-line import/no-unassigned-import -- its effect is the point, and it must come first
import "./lifecycle/quiet-grpc.ts";
import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { destination, pino, type Logger } from "pino";
import { openDatabase } from "./lifecycle/database.ts";
import { openKeys } from "./secrets/key-file.ts";
import { forgetSecrets } from "./secrets/keys-in-use.ts";
import { startServer, type RunningServer } from "./server.ts";
import { loadSettings, type ServerSettings } from "./settings.ts";
import { insertAdminToken } from "./tokens/first-start.ts";

/** How long a stop may take at most, in milliseconds: several times what its parts are given. */
const STOP_MAX_MS = 30_000;

// Once all is stopped and said, nothing that was forgotten keeps the process.
process.exit(await main(process.argv.slice(2)));

async function main(argv: string[]): Promise<number> {
  const loaded = loadSettings(argv, process.env);
  switch (loaded.kind) {
    case "help":
    case "version":
      say(loaded.text);
      return 0;
    case "error":
      writeSync(2, `${loaded.message.trimEnd()}\n`);
      return 2;
    case "run":
      return runCommand(loaded.command, loaded.values);
    default:
      return loaded satisfies never;
  }
}

async function runCommand(command: string | undefined, settings: ServerSettings): Promise<number> {
  const log = pino({ level: settings.logLevel, base: { pid: process.pid } }, destination({ fd: 2, sync: true }));
  try {
    if (command === "migrate") return await migrateOnly(settings, log);
    if (command === "create-admin-token") return await createAdminToken(settings, log);
    if (command === "forget-secrets") return await forgetUnreadable(settings, log);
    return await serveUntilStopped(settings, log);
  } catch (error) {
    log.debug({ err: error }, "could not start");
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function migrateOnly(settings: ServerSettings, log: Logger): Promise<number> {
  const database = await openDatabase(settings, log);
  await database.close();
  say("the database's schema is up to date");
  return 0;
}

async function createAdminToken(settings: ServerSettings, log: Logger): Promise<number> {
  const database = await openDatabase(settings, log);
  const name = `admin-${new Date().toISOString().slice(0, 19)}`;
  const token = await insertAdminToken(database.db, name, "groundcrew-server create-admin-token");
  await database.close();
  say(token);
  return 0;
}

async function forgetUnreadable(settings: ServerSettings, log: Logger): Promise<number> {
  const keys = await openKeys(settings);
  const database = await openDatabase(settings, log);
  const forgotten = await forgetSecrets(database.db, keys);
  await database.close();
  say(forgotten.length === 0 ? "every secret can be read; nothing was removed" : `removed ${forgotten.join(", ")}`);
  return 0;
}

async function serveUntilStopped(settings: ServerSettings, log: Logger): Promise<number> {
  const asked = stopSignal();
  const server = await startServer(settings, log, (token) =>
    say(`The admin token, told only this once: ${token}\nTry: crew login URL, with the address below`),
  );
  announce(server, log);
  const why = await Promise.race([asked, server.lost.then((reason) => new Error(reason))]);
  log.info(why instanceof Error ? { why: why.message } : { signal: why }, "stopping");
  // Whatever hangs, such as a database that no longer answers, must not keep the process.
  setTimeout(() => process.exit(1), STOP_MAX_MS).unref();
  await server.stop();
  if (why instanceof Error) throw why;
  log.info("stopped");
  return 0;
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    const signals = ["SIGTERM", "SIGINT"] as const;
    let asked = false;
    for (const signal of signals) {
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve(signal);
      });
    }
  });
}

function announce({ grpcUrl, httpUrl, fingerprint }: RunningServer, log: Logger): void {
  log.info({ grpc: grpcUrl, http: httpUrl, ...(fingerprint && { fingerprint }) }, "ready");
  say(`groundcrew-server is ready: agents and crew dial ${dialable(grpcUrl)}, browsers and curl ${dialable(httpUrl)}`);
  if (fingerprint) say(`Its certificate's fingerprint: ${fingerprint}`);
}

/** An address somebody can dial: a server that listens everywhere is found by its name. */
function dialable(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:)/, `//${hostname()}`);
}

// Written at once: what is told only once must not be lost in a buffer.
function say(text: string): void {
  writeSync(1, `${text.trimEnd()}\n`);
}

function complain(text: string): void {
  writeSync(2, `groundcrew-server: ${text.trimEnd()}\n`);
}
