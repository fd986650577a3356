import { loadProgram } from "@groundcrew/settings";
import { readMacs } from "../machine/macs.ts";
import { program, type AgentSettings } from "../settings.ts";
import { readBootParameters, type BootParameters } from "./boot-parameters.ts";

/** Where settings come from. */
export interface Given {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

/** What to do, as `loadProgram` says it; with what the machine was booted with. */
export type LoadedAgent =
  | { kind: "help" | "version"; text: string }
  | { kind: "error"; message: string }
  | { kind: "run"; values: AgentSettings; boot: BootParameters };

const FLAG = "--boot-parameters";
const VARIABLE = "GROUNDCREW_AGENT_BOOT_PARAMETERS";

/**
 * The agent's settings: a flag wins over the environment, that over the boot parameters, those over the configuration
 * file, that over the default.
 */
export function loadSettings({ argv, env }: Given): LoadedAgent {
  const path = bootFileOf(argv, env);
  let boot: BootParameters;
  try {
    boot = readBootParameters(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "error", message: `groundcrew-agent: the boot parameters in ${path} cannot be used: ${why}\n` };
  }
  const set = Object.entries(env).filter(([, value]) => value !== undefined && value !== "");
  const loaded = loadProgram(program, { argv, env: { ...boot.env, ...Object.fromEntries(set) } });
  return loaded.kind === "run" ? { kind: "run", values: loaded.values, boot } : loaded;
}

/** Why boot parameters are not this machine's, if so: it has no network card with the address that they name. */
export async function misdirected(
  { mac }: BootParameters,
  netDirectory = "/sys/class/net",
): Promise<string | undefined> {
  if (mac === undefined) return undefined;
  const macs = await readMacs(netDirectory);
  if (macs.includes(mac)) return undefined;
  const has = macs.length === 0 ? "none that can be read" : macs.join(", ");
  return `the boot parameter groundcrew.mac is ${mac}, and this machine's addresses are ${has}: it was meant for another`;
}

// The settings cannot say where the settings are, so this one is looked for first.
function bootFileOf(argv: readonly string[], env: Given["env"]): string {
  const at = argv.lastIndexOf(FLAG);
  const joined = argv.findLast((word) => word.startsWith(`${FLAG}=`));
  const flag = joined?.slice(FLAG.length + 1) ?? (at >= 0 ? argv[at + 1] : undefined);
  return flag || env[VARIABLE] || program.settings.bootParameters.default || "/proc/cmdline";
}
