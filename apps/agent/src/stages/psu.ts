import {
  eventMetrics,
  ipmiOf,
  type Measurement,
  psuParameters,
  type PsuParameters,
  supplyMetrics,
} from "@groundcrew/vetting";
import { Notebook } from "./inventory/notebook.ts";
import { clockLeadMs, newEvents, readEvents } from "./psu/events.ts";
import { underLoad } from "./psu/load.ts";
import { readWatts, watchWatts } from "./psu/power.ts";
import { nothingThere, recordMeasurements, recordNotes, thisMachine } from "./record.ts";
import { ABSENT, COMPLETE, ERROR, type Stage, type StageContext } from "./stage.ts";
import { readNames } from "./sysfs.ts";
import { runTool, type ToolOutput } from "./tool.ts";

/**
 * What the management controller says of the power supplies, and what the machine draws, idle and under load: a supply
 * that is never asked for power proves little. Reads only: the event log is never cleared.
 */
export const psu: Stage = async (context) => {
  const { ocp, program, signal } = context;
  const parameters = psuParameters(context.parameters);
  const notes = new Notebook(signal);
  ocp.start({ ...program, parameters, dutInfo: thisMachine() });
  const idle = await sensors(notes, "sdr-idle.txt");
  const watts = await readWatts(signal);
  const hasController = idle.failure === undefined || (await isThere());
  if (!hasController && !idle.missing && watts === undefined) return without(context, parameters, idle);
  if (idle.missing && watts === undefined) return unasked(context, parameters, idle);
  return measure(context, parameters, { notes, idle, watts });
};

/** True when the kernel found a management controller, whatever ipmitool says of it. */
async function isThere(): Promise<boolean> {
  return ((await readNames("/sys/class/ipmi")) ?? []).length > 0;
}

async function sensors(notes: Notebook, file: string): Promise<ToolOutput> {
  const output = await runTool("ipmitool", ["sdr", "elist", "full"], notes.signal, 60_000);
  // "full" leaves out what has states and no number, which is what a supply's status is.
  const states = await runTool("ipmitool", ["sdr", "type", "Power Supply"], notes.signal, 60_000);
  const text = `${output.stdout}${states.stdout}`;
  if (text !== "") await notes.keep(file, text);
  return { ...output, stdout: text };
}

function without({ ocp, say }: StageContext, { expect }: PsuParameters, { failure = "" }: ToolOutput) {
  const why = `there is no management controller and no meter of power (${failure})`;
  say(why);
  ocp.absent(nothingThere("psu", "power supplies", why));
  if (expect === "none") return ABSENT;
  if (typeof expect === "number") ocp.measurement("psu.missing", expect);
  return COMPLETE;
}

/** Without ipmitool nobody knows whether there is a controller, unless the kernel has found one or none. */
async function unasked(context: StageContext, parameters: PsuParameters, idle: ToolOutput) {
  if (parameters.expect === "none" && !(await isThere())) return without(context, parameters, idle);
  context.ocp.error("tool-missing", idle.failure ?? "ipmitool is not installed");
  return ERROR;
}

interface Found {
  notes: Notebook;
  idle: ToolOutput;
  watts: number | undefined;
}

async function measure(context: StageContext, parameters: PsuParameters, { notes, idle, watts }: Found) {
  const { ocp, signal, say, facts } = context;
  const before = await readEvents(notes, "sel-before.txt");
  const leadMs = await clockLeadMs(signal);
  const idleWatts =
    watts === undefined ? undefined : await watchWatts(notes, "power-idle.json", parameters.idle_seconds);
  say(`idle: ${idleWatts ?? "?"} W; now ${parameters.load_seconds} s of load on every CPU`);
  const { done, failure } = await underLoad(parameters.load_seconds, signal, async () => ({
    watts: await watchWatts(notes, "power-loaded.json", parameters.load_seconds),
    sensors: await sensors(notes, "sdr-loaded.txt"),
  }));
  if (failure !== undefined) ocp.error("tool-failed", failure);
  const after = before && (await readEvents(notes, "sel-after.txt"));
  recordPower(context, idleWatts, done.watts);
  recordSupplies(context, parameters, [idle, done.sensors]);
  if (before && after) {
    const { events, undated } = newEvents(before, after, { startedAt: facts.startedAt, leadMs });
    recordMeasurements(ocp, eventMetrics(events));
    ocp.measurement("psu.events_undated", undated);
    for (const { id, sensor, event } of events) say(`event ${id}: ${sensor}: ${event}`);
  }
  recordNotes(ocp, notes);
  return failure === undefined ? COMPLETE : ERROR;
}

function recordPower({ ocp, say }: StageContext, idle: number | undefined, loaded: number | undefined): void {
  if (idle === undefined || loaded === undefined) {
    const metrics = ["psu.idle_watts", "psu.loaded_watts", "psu.load_rise_watts"];
    return ocp.absent({ what: "the machine's power", why: "neither DCMI nor hwmon tells it", metrics });
  }
  say(`loaded: ${loaded} W`);
  ocp.measurement("psu.idle_watts", idle, "W");
  ocp.measurement("psu.loaded_watts", loaded, "W");
  ocp.measurement("psu.load_rise_watts", loaded - idle, "W");
}

/** States of both looks: a supply that gives up under load must not be hidden by the look before. */
function recordSupplies({ ocp, facts }: StageContext, { expect }: PsuParameters, looks: readonly ToolOutput[]): void {
  const told = looks.map(({ stdout }) => ipmiOf(stdout).rows).filter((rows) => rows.length > 0);
  if (told.length === 0) {
    const why = looks[0]?.failure ?? "ipmitool tells of no sensor";
    return ocp.absent({ what: "power supplies", why, metrics: ["psu.present", "psu.failed", "psu.beyond_limits"] });
  }
  const measured = told.map((rows) => supplyMetrics(rows));
  recordMeasurements(
    ocp,
    measured.flat().filter(({ name }) => name !== "psu.watts"),
  );
  const loaded = measured.at(-1) ?? [];
  recordMeasurements(ocp, [...loaded.filter(({ name }) => name === "psu.watts"), ...shares(loaded)]);
  const wanted = typeof expect === "number" ? expect : suppliesOf(facts.spec);
  const present = loaded.find(({ name }) => name === "psu.present");
  if (wanted !== undefined && present) ocp.measurement("psu.missing", Math.max(0, wanted - Number(present.value)));
}

/** How much of an even share each of several supplies gives: one that idles beside the others takes no load. */
function shares(measurements: readonly Measurement[]): Measurement[] {
  const watts = measurements.filter(({ name }) => name === "psu.watts");
  const total = watts.reduce((sum, { value }) => sum + Number(value), 0);
  if (watts.length < 2 || total === 0) return [];
  return watts.map(({ value, part = "" }) => ({
    name: "psu.share",
    value: (Number(value) * watts.length) / total,
    unit: "",
    part,
  }));
}

/** How many supplies the specification wants. */
function suppliesOf(spec: unknown): number | undefined {
  const psus = typeof spec === "object" && spec !== null && "psus" in spec ? spec.psus : undefined;
  if (!Array.isArray(psus)) return undefined;
  return psus.reduce<number>((sum, each: { count?: unknown }) => sum + (Number(each.count) || 1), 0);
}
