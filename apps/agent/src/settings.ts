import { homedir } from "node:os";
import { join } from "node:path";
import { choice, custom, defineProgram, duration, integer, pairs, text, type ValuesOf } from "@groundcrew/settings";
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
  serves: choice({
    flag: "--serves <kind>",
    env: "GROUNDCREW_AGENT_SERVES",
    description: "The work it takes: build or vetting.",
    values: ["build", "vetting"],
    default: "build",
  }),
  stateDir: text({
    flag: "--state-dir <folder>",
    env: "GROUNDCREW_AGENT_STATE_DIR",
    description: "Folder for identity, logs not yet sent, and workspaces; one agent each.",
    default: defaultStateDirectory(),
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
  stepEnv: pairs({
    flag: "--step-env <name=value>",
    env: "GROUNDCREW_AGENT_STEP_ENV",
    description: "Variables for every step.",
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
    0: "drained",
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
