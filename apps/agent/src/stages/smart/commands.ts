import {
  parseNvmeSelfTest,
  parseNvmeSelfTestSupport,
  parseSmartSelfTest,
  parseSmartSelfTestSupport,
  type SelfTestName,
  type SelfTestReading,
  type SelfTestSupport,
} from "@groundcrew/vetting";
import { runTool, type ToolOutput } from "../tool.ts";
import type { Drive } from "./drive.ts";

/** The first smartctl that knows NVMe's self-tests. */
const SMARTCTL_WITH_NVME = 7.4;

/** How a drive is told to test itself. Every call throws only when the signal aborts. */
export interface SelfTestCommands {
  /** What the drive offers, or why that cannot be asked. */
  support(signal: AbortSignal): Promise<SelfTestSupport | { why: string }>;
  /** Answers why it could not be started, if so. */
  start(test: SelfTestName, signal: AbortSignal): Promise<string | undefined>;
  read(signal: AbortSignal): Promise<SelfTestReading | undefined>;
  stop(signal: AbortSignal): Promise<void>;
}

/** The commands for a drive: smartctl's, and nvme-cli's for an NVMe drive where smartctl is too old. */
export function selfTestCommands(drive: Drive, smartctlVersion: number | undefined): SelfTestCommands {
  const byNvme = drive.protocol === "NVMe" && (smartctlVersion ?? 0) < SMARTCTL_WITH_NVME;
  return byNvme ? nvmeCommands(drive) : smartctlCommands(drive);
}

function smartctlCommands({ path, type }: Drive): SelfTestCommands {
  const ask = (args: readonly string[], signal: AbortSignal) =>
    runTool("smartctl", ["--json=c", ...args, "--device", type, path], signal);
  const state = ["-c", "-l", "selftest"];
  return {
    support: async (signal) => parseSmartSelfTestSupport((await ask(state, signal)).stdout),
    // Exit bits 3 to 7 speak of the drive's past; 0 to 2 say that this command did not go through.
    start: async (test, signal) => refusal(await ask(["-t", test], signal), 0b111),
    read: async (signal) => parseSmartSelfTest((await ask(state, signal)).stdout),
    stop: async (signal) => void (await ask(["-X"], signal)),
  };
}

function nvmeCommands({ path }: Drive): SelfTestCommands {
  const ask = (args: readonly string[], signal: AbortSignal) => runTool("nvme", args, signal);
  const code = { short: "1", long: "2", conveyance: "" };
  return {
    support: async (signal) => {
      const output = await ask(["id-ctrl", path, "-o", "json"], signal);
      if (!output.missing) return parseNvmeSelfTestSupport(output.stdout);
      return { why: `smartctl is older than ${SMARTCTL_WITH_NVME}, and ${output.failure}` };
    },
    start: async (test, signal) => refusal(await ask(["device-self-test", path, "-s", code[test]], signal), 0xff),
    read: async (signal) => parseNvmeSelfTest((await ask(["self-test-log", path, "-o", "json"], signal)).stdout),
    stop: async (signal) => void (await ask(["device-self-test", path, "-s", "0xf"], signal)),
  };
}

/** Why a command did not go through, if so. `mask`: the bits of the exit code that say so. */
function refusal(output: ToolOutput, mask: number): string | undefined {
  if (output.failure === undefined) return undefined;
  return output.exitCode !== undefined && (output.exitCode & mask) === 0 ? undefined : output.failure;
}
