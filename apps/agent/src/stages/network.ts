import { writeFile } from "node:fs/promises";
import { networkParameters, type NetworkParameters, type Reflector } from "@groundcrew/vetting";
import { carriersOf, type InterfaceState, readInterfaces } from "./network/interfaces.ts";
import { recordInterfaces, recordRun } from "./network/record.ts";
import { runIperf3, type Test } from "./network/run-iperf3.ts";
import { dutInfoWith } from "./dut-info.ts";
import { COMPLETE, ERROR, type Stage, type StageContext } from "./stage.ts";
import { versionOf } from "./tool.ts";

/**
 * Measures the link to a partner that the server chose, both ways, and what the interface counted meanwhile. Without a
 * partner nothing can be judged.
 */
export const network: Stage = async (context) => {
  const { ocp, program, facts, say, signal } = context;
  const parameters = networkParameters(context.parameters);
  const tool = await versionOf("iperf3", signal);
  ocp.start({ ...program, parameters, dutInfo: dutInfoWith("iperf3", tool) });
  if ("failure" in tool) return unable(context, tool.missing ? "tool-missing" : "tool-failed", tool.failure);
  const { reflector } = facts;
  if (reflector === undefined) {
    return unable(context, "no-reflector", facts.reflectorAbsent ?? "the server named no reflector to measure against");
  }
  say(`measuring against ${reflector.host}:${reflector.port}`);
  const before = await readInterfaces(signal);
  const tested = await testAll(context, reflector, parameters, { version: tool.version, before });
  const after = await readInterfaces(signal);
  if (tested.carriers.length > 0) recordInterfaces(ocp, tested.carriers, { before, after, spec: facts.spec });
  await keepCounters(context, before, after);
  return tested.isWhole ? COMPLETE : ERROR;
};

function unable({ ocp, say }: StageContext, symptom: string, message: string) {
  ocp.error(symptom, message);
  say(message);
  return ERROR;
}

/** Since this version iperf3 works on each stream with a thread of its own. */
const THREADED = [3, 16] as const;

async function testAll(
  { ocp, say, signal }: StageContext,
  reflector: Reflector,
  parameters: NetworkParameters,
  { version, before }: { version: string; before: readonly InterfaceState[] },
): Promise<{ carriers: string[]; isWhole: boolean }> {
  const cores = isThreaded(version) ? parameters.streams : 1;
  let carriers: string[] = [];
  let isWhole = true;
  for (const test of testsOf(parameters)) {
    const { run, file } = await runIperf3(test, { reflector, parameters, signal });
    ocp.file(file, "application/json");
    if (run.localHost !== undefined) carriers = await carriersOf(run.localHost);
    const speeds = before.filter(({ name }) => carriers.includes(name)).flatMap(({ speedMbits }) => speedMbits ?? []);
    recordRun(ocp, test.way, run, { speedMbits: speeds.toSorted((a, b) => b - a)[0], reflector, cores });
    const rate = run.capture.measurements.find(({ name }) => name === "network.bits_per_second")?.value;
    say(`${test.way}, round ${test.round}: ${rate === undefined ? run.capture.problems.join("; ") : megabits(rate)}`);
    if (run.capture.problems.length === 0) continue;
    isWhole = false;
    // A partner that does not answer once will not answer twice.
    if (run.isBusy) break;
  }
  return { carriers, isWhole };
}

function testsOf({ rounds, udp_bits_per_second: rate }: NetworkParameters): Test[] {
  const ways = rate > 0 ? (["forward", "reverse", "udp"] as const) : (["forward", "reverse"] as const);
  return Array.from({ length: rounds }, (_, index) => ways.map((way) => ({ way, round: index + 1 }))).flat();
}

function isThreaded(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > THREADED[0] || (major === THREADED[0] && minor >= THREADED[1]);
}

function megabits(rate: number | string | boolean): string {
  return `${Math.round(Number(rate) / 1e6)} Mbit/s`;
}

async function keepCounters(
  { ocp }: StageContext,
  before: readonly InterfaceState[],
  after: readonly InterfaceState[],
) {
  const plain = (states: readonly InterfaceState[]) =>
    states.map((state) => ({ ...state, counters: Object.fromEntries(state.counters) }));
  await writeFile(
    "interfaces.json",
    `${JSON.stringify({ before: plain(before), after: plain(after) }, undefined, 2)}\n`,
  );
  ocp.file("interfaces.json", "application/json");
}
