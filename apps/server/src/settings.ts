import {
  address,
  choice,
  custom,
  defineProgram,
  duration,
  integer,
  loadProgram,
  parseDuration,
  text,
} from "@groundcrew/settings";
import { builtInProfiles } from "@groundcrew/vetting";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseSize } from "./size.ts";
import { RETENTION_MIN_MS } from "./maintenance/retention.ts";
import { parseObjectPlace } from "./objects/open-store.ts";
import { SERVER_VERSION } from "./version.ts";

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

const MACHINE_APPROVALS = ["enrolled", "always", "never"] as const;

const DAY_MS = 86_400_000;

/** Where the server keeps what it must not lose, unless told otherwise. */
function defaultStateDir(env: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return "/var/lib/groundcrew/server";
  return join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "groundcrew", "server");
}

/** Reads the server's settings from flags, environment and file, in that order. */
export function loadSettings(argv: string[], env: NodeJS.ProcessEnv) {
  return loadProgram(serverProgram(env), { argv, env });
}

/** The server's settings. The help page and the reference are made of this. */
export function serverProgram(env: NodeJS.ProcessEnv) {
  return defineProgram({
    name: "groundcrew-server",
    summary: "Queues work for agents, keeps its logs, and answers operators.",
    version: SERVER_VERSION,
    configEnv: "GROUNDCREW_SERVER_CONFIG",
    settings: {
      listen: address({
        flag: "--listen <host:port>",
        env: "GROUNDCREW_SERVER_LISTEN",
        description: "Where agents and crew dial in (gRPC). Off loopback it is served with TLS.",
        default: { host: "127.0.0.1", port: 7070 },
        defaultText: "127.0.0.1:7070",
      }),
      httpListen: address({
        flag: "--http-listen <host:port>",
        env: "GROUNDCREW_SERVER_HTTP_LISTEN",
        description: "Where browsers, curl and probes go (Connect and JSON over HTTP). Off loopback with TLS.",
        default: { host: "127.0.0.1", port: 7071 },
        defaultText: "127.0.0.1:7071",
      }),
      stateDir: custom(
        {
          flag: "--state-dir <folder>",
          env: "GROUNDCREW_SERVER_STATE_DIR",
          description: "Where the embedded Postgres, stored files, the certificate and the key of secrets are kept.",
          default: defaultStateDir(env),
        },
        (given) => resolve(given),
      ),
      databaseUrl: custom(
        {
          flag: "--database-url <url>",
          env: "DATABASE_URL",
          description: "A Postgres 15 or newer to use instead of the embedded one.",
          secret: true,
        },
        postgresUrl,
      ),
      objectStore: custom(
        {
          flag: "--object-store <place>",
          env: "GROUNDCREW_SERVER_OBJECT_STORE",
          description:
            "Where files and old logs are kept: folder, in the state folder, or s3://BUCKET/PREFIX?region=R&endpoint=URL.",
          default: { kind: "folder" },
          defaultText: "folder",
        },
        parseObjectPlace,
      ),
      s3AccessKeyId: text({
        flag: "--s3-access-key-id <id>",
        env: "AWS_ACCESS_KEY_ID",
        description: "The access key of an object store in s3://.",
      }),
      s3SecretAccessKey: text({
        flag: "--s3-secret-access-key <key>",
        env: "AWS_SECRET_ACCESS_KEY",
        description: "The secret key of an object store in s3://.",
        secret: true,
      }),
      tlsCert: text({
        flag: "--tls-cert <file>",
        env: "GROUNDCREW_SERVER_TLS_CERT",
        description: "A PEM certificate chain. Default: one made at the first start, where TLS is needed.",
      }),
      tlsKey: text({
        flag: "--tls-key <file>",
        env: "GROUNDCREW_SERVER_TLS_KEY",
        description: "The PEM private key of --tls-cert.",
      }),
      secretKeys: text({
        flag: "--secret-keys <keys>",
        env: "GROUNDCREW_SECRET_KEYS",
        description:
          "The keys of secrets, 32 bytes of base64 each, apart by commas: the first encrypts, all decrypt. Other users " +
          "of this machine can read flags, so prefer the variable.",
        secret: true,
      }),
      secretKeyFile: text({
        flag: "--secret-key-file <file>",
        env: "GROUNDCREW_SECRET_KEY_FILE",
        description:
          "A file with these keys instead, one a line. Default: one of the state folder, made when there is none.",
      }),
      agentUrl: text({
        flag: "--agent-url <url>",
        env: "GROUNDCREW_SERVER_AGENT_URL",
        description: "The address agents are told to dial. Default: the one that crew dialled.",
      }),
      leaseTtlMs: duration({
        flag: "--lease-ttl <duration>",
        env: "GROUNDCREW_SERVER_LEASE_TTL",
        description: "How long a lease lasts when its agent is not heard of.",
        default: 60_000,
        minMs: 1_000,
        maxMs: 3_600_000,
      }),
      healthIntervalMs: duration({
        flag: "--health-interval <duration>",
        env: "GROUNDCREW_SERVER_HEALTH_INTERVAL",
        description: "How often agents report their health.",
        default: 10_000,
        minMs: 100,
        maxMs: 600_000,
      }),
      pollHoldMs: duration({
        flag: "--poll-hold <duration>",
        env: "GROUNDCREW_SERVER_POLL_HOLD",
        description: "How long a long poll is held at most. Proxies often cut at 60s.",
        default: 50_000,
        minMs: 100,
        maxMs: 600_000,
      }),
      logIntervalMs: duration({
        flag: "--log-interval <duration>",
        env: "GROUNDCREW_SERVER_LOG_INTERVAL",
        description: "How long lines may wait on an agent for a batch to fill.",
        default: 200,
        minMs: 10,
        maxMs: 60_000,
      }),
      retentionMs: custom(
        {
          flag: "--retention <duration>",
          env: "GROUNDCREW_SERVER_RETENTION",
          description: "How long finished work is kept, with its logs and files. At least 2d; 0 keeps it for ever.",
          default: 90 * DAY_MS,
          defaultText: "90d",
        },
        retention,
      ),
      cacheMaxBytes: custom(
        {
          flag: "--cache-max-size <size>",
          env: "GROUNDCREW_SERVER_CACHE_MAX_SIZE",
          description: "How much the caches of one repository may take; the least recently used go. Such as 500MiB.",
          default: 10 * 1024 ** 3,
          defaultText: "10GiB",
        },
        parseSize,
      ),
      cacheMaxAgeMs: duration({
        flag: "--cache-max-age <duration>",
        env: "GROUNDCREW_SERVER_CACHE_MAX_AGE",
        description: "How long a cache is kept that nothing uses.",
        default: 30 * DAY_MS,
        minMs: 60_000,
        maxMs: 3_650 * DAY_MS,
      }),
      retentionCount: integer({
        flag: "--retention-count <n>",
        env: "GROUNDCREW_SERVER_RETENTION_COUNT",
        description:
          "How many pipelines of a repository are kept, the newest; others go 2d after they ended. 0: any number.",
        default: 0,
        min: 0,
        max: 1_000_000,
      }),
      moveLogsAfterMs: custom(
        {
          flag: "--move-logs-after <duration>",
          env: "GROUNDCREW_SERVER_MOVE_LOGS_AFTER",
          description: "How long after a workflow's end its logs move to the object store. At least 2d; 0: never.",
          default: 0,
          defaultText: "0",
        },
        retention,
      ),
      machineApproval: choice({
        flag: "--machine-approval <which>",
        env: "GROUNDCREW_SERVER_MACHINE_APPROVAL",
        description:
          "Which machines that appear by themselves may be vetted at once: enrolled (their agent's token was made for one " +
          "agent), always, or never. The others wait for crew machines approve.",
        values: MACHINE_APPROVALS,
        default: "enrolled",
      }),
      firstSightProfile: custom(
        {
          flag: "--first-sight-profile <name>",
          env: "GROUNDCREW_SERVER_FIRST_SIGHT_PROFILE",
          description: "The profile by which an approved machine is vetted when it is seen first. Default: it is not.",
        },
        profileName,
      ),
      reflectorPorts: custom(
        {
          flag: "--reflector-ports <first-last>",
          env: "GROUNDCREW_SERVER_REFLECTOR_PORTS",
          description:
            "Ports on which this server starts an iperf3 for each vetting run that measures its network, such as " +
            "5201-5204. Default: none.",
        },
        portRange,
      ),
      reflectorHost: text({
        flag: "--reflector-host <host>",
        env: "GROUNDCREW_SERVER_REFLECTOR_HOST",
        description:
          "What machines dial for that. An address: iperf3 listens on it alone. Default: the host of --agent-url, " +
          "else that of --listen.",
      }),
      logLevel: choice({
        flag: "--log-level <level>",
        env: "GROUNDCREW_SERVER_LOG_LEVEL",
        description: "The least severe messages to log, as JSON lines on stderr.",
        values: LOG_LEVELS,
        default: "info",
      }),
      adminTokenFile: text({
        flag: "--admin-token-file <file>",
        env: "GROUNDCREW_SERVER_ADMIN_TOKEN_FILE",
        description: "Where the first start writes the admin token (0600), besides printing it once.",
      }),
      readyFile: text({
        flag: "--ready-file <file>",
        env: "GROUNDCREW_SERVER_READY_FILE",
        description: "Written as JSON once the server answers, removed when it stops.",
      }),
    },
    commands: [
      { name: "migrate", summary: "Brings the database's schema up to date and exits." },
      {
        name: "create-admin-token",
        summary: "Makes another admin token and prints it: for whoever may read the database but lost the token.",
      },
      { name: "forget-secrets", summary: "Removes the secrets whose key is lost: those this server cannot read." },
    ],
    examples: [
      "groundcrew-server",
      "groundcrew-server --listen 0.0.0.0:7070 --agent-url https://ci.example.org:7070",
      "DATABASE_URL=postgres://groundcrew@db/groundcrew groundcrew-server",
    ],
    exitCodes: { 0: "stopped as asked", 1: "could not start or go on", 2: "a setting is wrong" },
  });
}

/** What the server runs by. */
export type ServerSettings = Extract<ReturnType<typeof loadSettings>, { kind: "run" }>["values"];

function retention(given: string): number {
  const ms = parseDuration(given);
  if (ms !== 0 && ms < RETENTION_MIN_MS) throw new Error("expected 0 or at least 2d");
  return ms;
}

function profileName(given: string): string {
  if (builtInProfiles.has(given)) return given;
  throw new Error(`expected one of ${[...builtInProfiles.keys()].join(", ")}`);
}

function postgresUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === "postgres:" || url?.protocol === "postgresql:") return given;
  throw new Error("expected postgres://USER:PASSWORD@HOST:PORT/DATABASE");
}

/** The most ports of one server's reflectors. */
const MAX_REFLECTORS = 256;

/** Ports such as `5201-5204`, or one. */
function portRange(given: string): { port: number; slots: number } {
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(given) ?? [];
  const [port, slots] = [Number(first), Number(last) - Number(first) + 1];
  if (port >= 1 && Number(last) <= 65_535 && slots >= 1 && slots <= MAX_REFLECTORS) return { port, slots };
  throw new Error(`expected a port or a range of at most ${MAX_REFLECTORS}, such as 5201-5204`);
}
