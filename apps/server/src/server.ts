import { OperatorService, PeerService, SessionService } from "@groundcrew/proto";
import { fingerprintOf, isLoopback } from "@groundcrew/rpc";
import { guard, mount, serveGrpc, serveHttp, type RpcServer, type TlsIdentity } from "@groundcrew/rpc/server";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { warnOfMissingFiles } from "./blobs/check-folder.ts";
import { openBlobStore } from "./blobs/store.ts";
import type { ServerContext } from "./context.ts";
import { Hints } from "./db/hints.ts";
import { callLogger } from "./lifecycle/call-log.ts";
import { openDatabase, type OpenDatabase } from "./lifecycle/database.ts";
import { removeReadyFile, writeReadyFile } from "./lifecycle/ready-file.ts";
import { tlsIdentity } from "./lifecycle/tls-identity.ts";
import { logRequestOf } from "./logs/log-url.ts";
import { openObjectStore } from "./objects/open-store.ts";
import { operatorService } from "./operator-service.ts";
import { peerService } from "./peer-service.ts";
import { makeLogDays } from "./logs/days.ts";
import { Maintenance } from "./maintenance/maintenance.ts";
import { maintenanceTasks } from "./maintenance/tasks.ts";
import { Heartbeat } from "./queue/liveness.ts";
import { OwnReflectorHost } from "./reflectors/own-reflectors.ts";
import { sessionService } from "./session-service.ts";
import { FairTurns } from "./queue/fair-turns.ts";
import { TurnExchange } from "./queue/turn-exchange.ts";
import { openKeys } from "./secrets/key-file.ts";
import { requireKeys } from "./secrets/keys-in-use.ts";
import type { ServerSettings } from "./settings.ts";
import { openSigningKey } from "./vetting/attestation-keys.ts";
import { authenticator } from "./tokens/authenticate.ts";
import { firstAdminToken } from "./tokens/first-start.ts";

/** How long calls in flight may take to end once the server stops, in milliseconds. */
const STOP_GRACE_MS = 5_000;

/** How long the heartbeats of sessions gather before their agents are looked up together, in milliseconds. */
const HEARTBEAT_GATHER_MS = 100;

/** A server that answers. */
export interface RunningServer {
  readonly grpcUrl: string;
  readonly httpUrl: string;
  /** The certificate's, "sha256:HEX". Empty without TLS. */
  readonly fingerprint: string;
  /** Settles with the reason when the server cannot go on. */
  readonly lost: Promise<string>;
  /** Takes no more calls, answers those that are held, closes everything. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts everything, in order; what started is stopped again when a later part cannot start. At the first start of a
 * database `tellAdminToken` is called, once and never again.
 */
export async function startServer(
  settings: ServerSettings,
  log: Logger,
  tellAdminToken: (token: string) => void,
): Promise<RunningServer> {
  const closing: (() => Promise<void>)[] = [];
  const stopping = new AbortController();
  const stop = once(async () => {
    stopping.abort();
    const failures: unknown[] = [];
    // All of it is closed, the database above all, even when some of it fails.
    for (const close of closing.toReversed()) await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
  });
  try {
    return { ...(await start({ settings, log, stopping: stopping.signal, closing, tellAdminToken })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Starting {
  settings: ServerSettings;
  log: Logger;
  stopping: AbortSignal;
  /** What to undo, in the order it was done. */
  closing: (() => Promise<void>)[];
  tellAdminToken: (token: string) => void;
}

async function start(starting: Starting): Promise<Omit<RunningServer, "stop">> {
  const { settings, log, stopping, closing, tellAdminToken } = starting;
  // The user that Postgres runs as must be able to pass through; nothing in it is readable by others.
  await mkdir(settings.stateDir, { recursive: true, mode: 0o711 });
  const tls = await tlsIdentity(settings);
  const database = await openDatabase(settings, log);
  closing.push(() => database.close());
  const hints = new Hints(database.driver, { route: database.route, log });
  await hints.start();
  closing.push(() => hints.stop());
  const context = await contextOf(settings, database, hints, log, stopping, tls);
  await requireKeys(context.db, context.keys);
  await openSigningKey(context);
  await warnOfMissingFiles(context);
  await makeLogDays(context);
  const heartbeat = new Heartbeat(context);
  await heartbeat.start();
  closing.push(() => heartbeat.stop());
  const turns = new TurnExchange(context);
  await turns.start();
  closing.push(() => turns.stop());
  const maintenance = new Maintenance(context, maintenanceTasks(context, settings));
  maintenance.start();
  closing.push(() => maintenance.stop());
  await offerReflectors(settings, context, closing);
  const { grpc, http } = await serve(settings, context, tls, closing);
  await makeAdminToken(settings, database, tellAdminToken);
  const { readyFile } = settings;
  if (readyFile !== undefined) {
    const { fingerprint } = context;
    await writeReadyFile(readyFile, { grpc_url: grpc.url, http_url: http.url, pid: process.pid, fingerprint });
    closing.push(() => removeReadyFile(readyFile));
  }
  return { grpcUrl: grpc.url, httpUrl: http.url, fingerprint: context.fingerprint, lost: database.lost };
}

/** Where ports are set for it, this process is a partner for measuring links. */
async function offerReflectors(
  { reflectorPorts, reflectorHost, agentUrl, listen }: ServerSettings,
  context: ServerContext,
  closing: (() => Promise<void>)[],
): Promise<void> {
  if (reflectorPorts === undefined) return;
  const host = reflectorHost ?? (agentUrl === undefined ? listen.host : new URL(agentUrl).hostname);
  const own = new OwnReflectorHost(context, { host, ...reflectorPorts });
  await own.start();
  closing.push(() => own.stop());
}

async function contextOf(
  settings: ServerSettings,
  { db }: OpenDatabase,
  hints: Hints,
  log: Logger,
  stopping: AbortSignal,
  tls: TlsIdentity | undefined,
): Promise<ServerContext> {
  const { leaseTtlMs, healthIntervalMs, pollHoldMs, logIntervalMs, agentUrl, stateDir } = settings;
  const { objectStore, s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = settings;
  const folder = join(stateDir, "blobs");
  const objects = await openObjectStore(objectStore, { folder, accessKeyId, secretAccessKey });
  return {
    db,
    hints,
    objects,
    blobs: await openBlobStore({ objects, incoming: join(folder, "incoming") }),
    keys: await openKeys(settings),
    log,
    intervals: { leaseTtlMs, healthIntervalMs, pollHoldMs, logIntervalMs },
    machines: { approval: settings.machineApproval, firstSight: settings.firstSightProfile },
    stopping,
    agentUrl,
    fingerprint: tls ? fingerprintOf(tls.cert) : "",
    replica: replicaName(),
    turns: new FairTurns(),
  };
}

/** A name that no other process has had: the host for people, the rest against a reused process id. */
function replicaName(): string {
  return `${hostname().slice(0, 63)}-${randomBytes(4).toString("hex")}`;
}

/** Makes the first admin token. Last, so that a start that fails does not swallow what is told only once. */
async function makeAdminToken(
  { adminTokenFile }: ServerSettings,
  { db }: OpenDatabase,
  tell: (token: string) => void,
): Promise<void> {
  const token = await firstAdminToken(db, async (made) => {
    if (adminTokenFile === undefined) return;
    await rm(adminTokenFile, { force: true });
    await writeFile(adminTokenFile, `${made}\n`, { mode: 0o600, flag: "wx" });
  });
  if (token !== undefined) tell(token);
}

async function serve(
  { listen, httpListen, tlsCert }: ServerSettings,
  context: ServerContext,
  tls: TlsIdentity | undefined,
  closing: (() => Promise<void>)[],
): Promise<{ grpc: RpcServer; http: RpcServer }> {
  const onCall = callLogger(context.log);
  const guarded = { authenticate: authenticator(context.db), onCall };
  const operator = mount(OperatorService, operatorService(context));
  const peer = mount(PeerService, peerService(context));
  // A session asks again at each heartbeat who calls, which may wait for the heartbeats of other agents.
  const onSession = { authenticate: authenticator(context.db, { gatherMs: HEARTBEAT_GATHER_MS }), onCall };
  const session = mount(SessionService, sessionService(context, guard(peer, onSession)));
  // A certificate made for one port is not forced on the other, where loopback needs none.
  const secured = (host: string) => (tls && (tlsCert !== undefined || !isLoopback(host)) ? { tls } : {});
  const grpc = await serveGrpc({
    listen,
    ...secured(listen.host),
    services: [peer, session, operator],
    ...guarded,
  });
  closing.push(() => grpc.close(STOP_GRACE_MS));
  const log = {
    service: operator,
    method: OperatorService.method.downloadLogs,
    contentType: "text/plain; charset=utf-8",
  };
  const http = await serveHttp({
    listen: httpListen,
    ...secured(httpListen.host),
    services: [operator],
    downloads: [{ ...log, requestOf: logRequestOf }],
    ...guarded,
  });
  closing.push(() => http.close(STOP_GRACE_MS));
  return { grpc, http };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
