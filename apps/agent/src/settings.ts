import { homedir } from "node:os";
import { join } from "node:path";
import {
  boolean,
  choice,
  custom,
  defineProgram,
  duration,
  integer,
  list,
  pairs,
  text,
  type ValuesOf,
} from "@groundcrew/settings";
import { DEFAULT_LIMITS } from "@groundcrew/engine/limits";
import { DEFAULT_LOG_LIMITS } from "./logs/log-limits.ts";
import { VERSION } from "./version.ts";

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const FINGERPRINT = /^sha256:[0-9a-f]{64}$/i;

const settings = {
  server: text({
    flag: "--server <url>",
    env: "GROUNDCREW_AGENT_SERVER",
    description: "The server: https://HOST:PORT, or http://HOST:PORT on loopback.",
    required: true,
  }),
  token: text({
    flag: "--token <token>",
    env: "GROUNDCREW_AGENT_TOKEN",
    description: "Enrolment token; needed once. Other users of this machine can read flags, so prefer the variable.",
    secret: true,
  }),
  tokenFile: text({
    flag: "--token-file <file>",
    env: "GROUNDCREW_AGENT_TOKEN_FILE",
    description: "File that holds the enrolment token.",
  }),
  fingerprint: custom<string, { flag: string; env: string; description: string }>(
    {
      flag: "--fingerprint <fingerprint>",
      env: "GROUNDCREW_AGENT_FINGERPRINT",
      description: "Trust exactly the server certificate with this fingerprint.",
    },
    matching(FINGERPRINT, "sha256: and 64 hexadecimal digits"),
  ),
  caFile: text({
    flag: "--ca-file <file>",
    env: "GROUNDCREW_AGENT_CA_FILE",
    description: "PEM file of the certificate authority to trust instead of the system's.",
  }),
  name: custom<string, { flag: string; env: string; description: string; defaultText: string }>(
    {
      flag: "--name <name>",
      env: "GROUNDCREW_AGENT_NAME",
      description: "The agent's name, unique on the server.",
      defaultText: "the host name",
    },
    matching(NAME, "1 to 63 of a-z, 0-9, '-', '.', '_', starting with a letter or digit"),
  ),
  labels: pairs({
    flag: "--labels <key=value>",
    env: "GROUNDCREW_AGENT_LABELS",
    description: "What this agent offers; workflows choose agents by it.",
  }),
  capacity: integer({
    flag: "--capacity <n>",
    env: "GROUNDCREW_AGENT_CAPACITY",
    description: "Workflows at once. A vetting agent runs one.",
    default: 2,
    min: 1,
    max: 1024,
  }),
  once: boolean({
    flag: "--once",
    env: "GROUNDCREW_AGENT_ONCE",
    description: "Take one workflow, then leave the server for good and exit: for machines that are made for one job.",
  }),
  serves: choice({
    flag: "--serves <kind>",
    env: "GROUNDCREW_AGENT_SERVES",
    description: "The work it takes: build or vetting.",
    values: ["build", "vetting"],
    default: "build",
  }),
  destructiveTests: boolean({
    flag: "--destructive-tests",
    env: "GROUNDCREW_AGENT_DESTRUCTIVE_TESTS",
    description:
      "Let a vetting run destroy the data of spare disks. An operator must still name each by its serial, and a disk " +
      "in use, of this system or not in the specification is refused all the same.",
  }),
  stateDir: text({
    flag: "--state-dir <folder>",
    env: "GROUNDCREW_AGENT_STATE_DIR",
    description: "Folder for identity, logs not yet sent, and workspaces; one agent each.",
    default: defaultStateDirectory(),
  }),
  authorizedKeys: text({
    flag: "--authorized-keys <file>",
    env: "GROUNDCREW_AGENT_AUTHORIZED_KEYS",
    description:
      "Where the key to a held machine goes, such as /root/.ssh/authorized_keys; removed when the hold ends. " +
      "Without it the machine lets nobody in.",
  }),
  powerOff: choice({
    flag: "--power-off <when>",
    env: "GROUNDCREW_AGENT_POWER_OFF",
    description:
      "Whether the server may switch this machine off after a vetting run: never, always, or live: where the boot " +
      "parameters name the server.",
    values: ["never", "live", "always"],
    default: "live",
  }),
  bootParameters: text({
    flag: "--boot-parameters <file>",
    env: "GROUNDCREW_AGENT_BOOT_PARAMETERS",
    description:
      "File with groundcrew.server=, .token=, .fingerprint=, .run= and .mac=, as on a kernel's command line. They count " +
      "where neither a flag nor a variable says otherwise.",
    default: "/proc/cmdline",
  }),
  drainTimeout: duration({
    flag: "--drain-timeout <duration>",
    env: "GROUNDCREW_AGENT_DRAIN_TIMEOUT",
    description: "After SIGTERM, how long to finish what runs before it is handed back.",
    default: 600_000,
  }),
  killGrace: duration({
    flag: "--kill-grace <duration>",
    env: "GROUNDCREW_AGENT_KILL_GRACE",
    description: "How long a step that is stopped has from SIGTERM to SIGKILL.",
    default: 5_000,
  }),
  cleanupTimeout: duration({
    flag: "--cleanup-timeout <duration>",
    env: "GROUNDCREW_AGENT_CLEANUP_TIMEOUT",
    description: "How long clean-up steps may run after a cancel or a timeout, all together; at most 5m.",
    default: 300_000,
    minMs: 1_000,
    // What the server allows for beyond a workflow's timeout.
    maxMs: 300_000,
  }),
  backend: choice({
    flag: "--backend <name>",
    env: "GROUNDCREW_AGENT_BACKEND",
    description:
      "How steps run. sandbox: isolated by bubblewrap. local: as this user, not isolated. container: docker or podman, " +
      "experimental. auto: sandbox where it works, else local.",
    values: ["auto", "sandbox", "local", "container"],
    default: "auto",
  }),
  sandboxRead: list({
    flag: "--sandbox-read <folder>",
    env: "GROUNDCREW_AGENT_SANDBOX_READ",
    description: "What steps on sandbox and container may read beyond the system's own folders, such as tools in /srv.",
  }),
  containerImage: text({
    flag: "--container-image <image>",
    env: "GROUNDCREW_AGENT_CONTAINER_IMAGE",
    description: "The image of steps that name none, on the container backend.",
  }),
  containerConfig: text({
    flag: "--container-config <folder>",
    env: "GROUNDCREW_AGENT_CONTAINER_CONFIG",
    description: "Folder with the config.json that holds the credentials of registries, on the container backend.",
  }),
  keepWorkspaces: choice({
    flag: "--keep-workspaces <when>",
    env: "GROUNDCREW_AGENT_KEEP_WORKSPACES",
    description: "Which workspaces are kept, in kept/ of the state directory: never, failed or always.",
    values: ["never", "failed", "always"],
    default: "never",
  }),
  workspaceMaxBytes: integer({
    flag: "--workspace-max-bytes <n>",
    env: "GROUNDCREW_AGENT_WORKSPACE_MAX_BYTES",
    description: "Stops a step whose workflow's files come to more. 0: no limit.",
    default: 0,
    min: 0,
  }),
  stepEnv: pairs({
    flag: "--step-env <name=value>",
    env: "GROUNDCREW_AGENT_STEP_ENV",
    description: "Variables for every step.",
  }),
  stages: list({
    flag: "--stage <name=path@sha256:digest>",
    env: "GROUNDCREW_AGENT_STAGES",
    description: "A third party's vetting stage that may run here: this file, as long as it has this digest.",
  }),
  archiveMaxBytes: integer({
    flag: "--archive-max-bytes <n>",
    env: "GROUNDCREW_AGENT_ARCHIVE_MAX_BYTES",
    description: "How much one artifact or cache may hold, in bytes before it is compressed.",
    default: DEFAULT_LIMITS.maxBytes,
    min: 1,
  }),
  archiveMaxFiles: integer({
    flag: "--archive-max-files <n>",
    env: "GROUNDCREW_AGENT_ARCHIVE_MAX_FILES",
    description: "The same, in files, folders and links.",
    default: DEFAULT_LIMITS.maxEntries,
    min: 1,
  }),
  logMaxBytes: integer({
    flag: "--log-max-bytes <n>",
    env: "GROUNDCREW_AGENT_LOG_MAX_BYTES",
    description: "How much of a step's log is kept, in bytes. The step goes on, and its log says where it was cut off.",
    default: DEFAULT_LOG_LIMITS.maxBytes,
    min: 1,
  }),
  logMaxLines: integer({
    flag: "--log-max-lines <n>",
    env: "GROUNDCREW_AGENT_LOG_MAX_LINES",
    description: "The same, in lines.",
    default: DEFAULT_LOG_LIMITS.maxLines,
    min: 1,
    max: 4_000_000_000,
  }),
  logLevel: choice({
    flag: "--log-level <level>",
    env: "GROUNDCREW_AGENT_LOG_LEVEL",
    description: "trace, debug, info, warn or error.",
    values: ["trace", "debug", "info", "warn", "error"],
    default: "info",
  }),
};

/** The agent's command line, environment and configuration file. */
export const program = defineProgram({
  name: "groundcrew-agent",
  summary: "Runs builds, or vets this machine, for a Groundcrew server.",
  version: VERSION,
  configEnv: "GROUNDCREW_AGENT_CONFIG",
  settings,
  examples: [
    "GROUNDCREW_AGENT_TOKEN=gce_… groundcrew-agent --server https://crew.example:7070 --fingerprint sha256:…",
    "groundcrew-agent --server http://127.0.0.1:7070 --token-file token --labels os=linux,arch=x64 --capacity 4",
  ],
  exitCodes: {
    0: "drained; with --once also: its workflow has ended, however",
    1: "a fault; starting again may help",
    2: "a setting or the state directory is not acceptable",
    3: "superseded, removed, or its credential was refused: do not start again",
    4: "no protocol version is common with the server",
  },
});

/** What the settings become once read. */
export type AgentSettings = ValuesOf<typeof settings>;

function matching(pattern: RegExp, expected: string): (given: string) => string {
  return (given) => {
    if (!pattern.test(given)) throw new Error(`expected ${expected}`);
    return given;
  };
}

function defaultStateDirectory(): string {
  const { XDG_STATE_HOME } = process.env;
  if (process.getuid?.() === 0) return "/var/lib/groundcrew/agent";
  return join(XDG_STATE_HOME || join(homedir(), ".local/state"), "groundcrew/agent");
}
