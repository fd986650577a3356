import { type Dimm, edacGrowth, type EdacCount, memoryParameters, parseMemoryDevices } from "@groundcrew/vetting";
import { type Amount, amountToTest } from "./memory/amount.ts";
import { EDAC_FOLDER, readEdac } from "./memory/edac.ts";
import { type MemoryTest, runStressapptest, runStressNgVm } from "./memory/tester.ts";
import { COMPLETE, ERROR, type Stage, type StageContext } from "./stage.ts";
import { dutInfoWith } from "./dut-info.ts";
import { runTool, type ToolName, type ToolVersion, versionOf } from "./tool.ts";

const EDAC_METRICS = ["memory.corrected_errors", "memory.uncorrected_errors"];

/**
 * Writes patterns into as much memory as can be had, reads them back under load, and compares what the memory
 * controllers count before and after. Which share was tested is measured, not taken from what was asked.
 */
export const memory: Stage = async (context) => {
  const { ocp, program, signal, say } = context;
  const parameters = memoryParameters(context.parameters);
  const tool = await chooseTool(parameters.alternative, signal);
  ocp.start({ ...program, parameters, dutInfo: dutInfoWith(tool.name, tool.version) });
  if ("failure" in tool.version) {
    ocp.error(tool.version.missing ? "tool-missing" : "tool-failed", tool.version.failure);
    say(tool.version.failure);
    return ERROR;
  }
  const amount = await amountToTest(parameters);
  const [before, dimms] = await Promise.all([readEdac(), slots(signal)]);
  say(`testing ${amount.mebibytes} MiB for ${parameters.seconds} s with ${tool.name}`);
  const run = tool.name === "stressapptest" ? runStressapptest : runStressNgVm;
  const test = await run({ parameters, mebibytes: amount.mebibytes, signal, say });
  recordTest(context, test, amount, parameters.seconds);
  recordEdac(context, before, await readEdac(), dimms);
  return test.troubles.length > 0 ? ERROR : COMPLETE;
};

interface Tool {
  name: ToolName;
  version: ToolVersion;
}

/** stressapptest, or stress-ng where the profile allows it and the former is not there. */
async function chooseTool(alternative: "none" | "stress-ng", signal: AbortSignal): Promise<Tool> {
  const version = await versionOf("stressapptest", signal);
  if (!("failure" in version) || !version.missing || alternative === "none") return { name: "stressapptest", version };
  return { name: "stress-ng", version: await versionOf("stress-ng", signal) };
}

function recordTest({ ocp, say }: StageContext, test: MemoryTest, amount: Amount, seconds: number): void {
  for (const file of test.files) ocp.file(file.name, file.contentType);
  for (const trouble of test.troubles) ocp.error("tool-failed", trouble);
  ocp.measurement("memory.total_bytes", amount.totalBytes, "B");
  ocp.measurement("memory.tested_bytes", test.residentBytes, "B");
  ocp.measurement("memory.covered_share", Math.round((test.residentBytes / amount.totalBytes) * 10_000) / 10_000);
  ocp.measurement("memory.requested_seconds", seconds, "s");
  ocp.measurement("memory.completed_share", (test.ranSeconds ?? 0) / seconds);
  const uncovered = Math.max(0, 1 - test.residentBytes / amount.totalBytes);
  const why =
    "the kernel, this system's own programs and the reserve hold it; a test from a running system cannot reach it";
  ocp.absent({ what: `${Math.round(uncovered * 100)} % of memory`, why, metrics: [] });
  if (test.errors !== undefined) ocp.measurement("memory.errors", test.errors);
  else ocp.absent({ what: "wrong data", why: "the test left no result", metrics: ["memory.errors"] });
  if (test.bytesPerSecond !== undefined) ocp.measurement("memory.bytes_per_second", test.bytesPerSecond, "B/s");
  say(`wrong data: ${test.errors ?? "not told"}; ${Math.round(test.residentBytes / 2 ** 20)} MiB were held`);
}

function recordEdac({ ocp }: StageContext, before: EdacCount[], after: EdacCount[], dimms: readonly Dimm[]): void {
  const grown = edacGrowth(before, after, dimms);
  for (const { part, corrected, uncorrected } of grown) {
    if (corrected !== undefined) ocp.measurement("memory.corrected_errors", corrected, undefined, part);
    if (uncorrected !== undefined) ocp.measurement("memory.uncorrected_errors", uncorrected, undefined, part);
  }
  if (grown.length > 0) return;
  const why = `the kernel counts no memory errors under ${EDAC_FOLDER}: no driver, or memory without ECC`;
  ocp.absent({ what: "memory errors by module", why, metrics: EDAC_METRICS });
}

/** The modules that SMBIOS knows, to call them by their slots. */
async function slots(signal: AbortSignal): Promise<readonly Dimm[]> {
  const output = await runTool("dmidecode", ["--type", "memory"], signal);
  return parseMemoryDevices(output.stdout)?.dimms ?? [];
}
