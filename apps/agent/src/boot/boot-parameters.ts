import { readFileSync } from "node:fs";

/** What a machine was booted with. */
export interface BootParameters {
  /** Variables of the agent's settings, for those that the environment does not set. */
  env: Record<string, string>;
  /** The vetting run that the machine was booted for. */
  run?: string;
  /** The network card that it was to be booted with, lower case. */
  mac?: string;
}

/** A kernel's command line is at most 4 KiB on x86-64; a file may have comments besides. */
const MAX_BYTES = 64 * 1024;

const SETTINGS: Readonly<Record<string, string>> = {
  "groundcrew.server": "GROUNDCREW_AGENT_SERVER",
  "groundcrew.token": "GROUNDCREW_AGENT_TOKEN",
  "groundcrew.fingerprint": "GROUNDCREW_AGENT_FINGERPRINT",
};

/**
 * Reads `groundcrew.NAME=VALUE` words from a kernel's command line, or from a file of the same words on any number of
 * lines, where `#` begins a comment. Other words are the kernel's own. Of a name given twice the last counts. Throws an
 * error that names the parameter, and never a token's value.
 */
export function parseBootParameters(text: string): BootParameters {
  const parameters: BootParameters = { env: {} };
  for (const word of words(text)) {
    const [, name = "", value = ""] = /^(groundcrew\.[^=]*)=?(.*)$/s.exec(word) ?? [];
    if (name === "") continue;
    if (value === "") throw new Error(`boot parameter ${name} has no value`);
    const setting = SETTINGS[name];
    if (setting !== undefined) parameters.env[setting] = value;
    else if (name === "groundcrew.run") parameters.run = checkedRun(value);
    else if (name === "groundcrew.mac") parameters.mac = checkedMac(value);
    else throw new Error(`boot parameter ${name} is unknown; known: ${known()}`);
  }
  if (parameters.run !== undefined) parameters.env["GROUNDCREW_AGENT_SERVES"] = "vetting";
  return parameters;
}

/** The parameters in a file. One that is not there holds none. Throws what {@link parseBootParameters} throws. */
export function readBootParameters(path: string): BootParameters {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { env: {} };
    throw error;
  }
  if (Buffer.byteLength(text) > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  return parseBootParameters(text);
}

/** Words are parted by white space; double quotes keep it, as the kernel reads them. */
function words(text: string): string[] {
  const lines = text.split("\n").map((line) => line.replace(/^\s*#.*$/, ""));
  const found = lines.join(" ").match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  return found.map((word) => word.replaceAll('"', ""));
}

function checkedRun(value: string): string {
  if (/^[1-9]\d{0,18}$/.test(value)) return value;
  throw new Error(`boot parameter groundcrew.run is ${JSON.stringify(value)}, expected a run's number`);
}

/** Also as PXELINUX's BOOTIF has it: with dashes, after the hardware type 01. */
function checkedMac(value: string): string {
  const mac = value
    .toLowerCase()
    .replaceAll("-", ":")
    .replace(/^01:(?=(?:[0-9a-f]{2}:){5})/, "");
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return mac;
  throw new Error(
    `boot parameter groundcrew.mac is ${JSON.stringify(value)}, expected an address such as 52:54:00:12:34:56`,
  );
}

function known(): string {
  return [...Object.keys(SETTINGS), "groundcrew.run", "groundcrew.mac"].join(", ");
}
