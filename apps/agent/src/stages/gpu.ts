import { type Capture, gpuParameters, type GpuParameters, type Measurement, xidsOf } from "@groundcrew/vetting";
import { diagnose } from "./gpu/diagnose.ts";
import { type Look, lookAtGpus } from "./gpu/look.ts";
import { gpusOnBus } from "./gpu/on-bus.ts";
import { Notebook } from "./inventory/notebook.ts";
import { kernelLogEnd, kernelLogSince } from "./kmsg.ts";
import { nothingThere, recordCapture, recordMeasurements, recordNotes, thisMachine } from "./record.ts";
import { ABSENT, COMPLETE, ERROR, type Stage, type StageContext } from "./stage.ts";

/**
 * What NVIDIA's GPUs say of themselves, before and after DCGM's diagnostic where that is installed. GPUs are counted on
 * the PCI bus as well: one that its driver does not see is missing, not absent.
 */
export const gpu: Stage = async (context) => {
  const { ocp, program, signal, say } = context;
  const parameters = gpuParameters(context.parameters);
  const notes = new Notebook(signal);
  ocp.start({ ...program, parameters, dutInfo: thisMachine() });
  const onBus = await gpusOnBus();
  const before = await lookAtGpus(notes, "nvidia-smi-before.xml");
  say(`${onBus} GPUs of NVIDIA on the PCI bus; nvidia-smi tells of ${countOf(before)}`);
  if ("capture" in before) return measure(context, parameters, { before: before.capture, onBus, notes });
  recordNotes(ocp, notes);
  if (onBus > 0) return unseen(context, onBus, before.why);
  if (parameters.expect === "none") {
    ocp.absent(nothingThere("gpu", "GPUs", "no GPU of NVIDIA is on the PCI bus"));
    return ABSENT;
  }
  recordCounts(context, parameters, 0);
  return COMPLETE;
};

interface Found {
  before: Capture;
  onBus: number;
  notes: Notebook;
}

async function measure({ ocp, signal, say }: StageContext, parameters: GpuParameters, { before, onBus, notes }: Found) {
  const kernel = kernelLogEnd();
  const diagnostic = await diagnose(notes, parameters.dcgm_level);
  if (diagnostic) say(`dcgmi diag: ${diagnostic.measurements.map(({ name, value }) => `${name} ${value}`).join(", ")}`);
  const after = await lookAtGpus(notes, "nvidia-smi-after.xml");
  signal.throwIfAborted();
  if (!("capture" in after)) ocp.error("tool-failed", after.why);
  const last = "capture" in after ? after.capture : before;
  recordCapture(ocp, last);
  recordMeasurements(ocp, growth(before.measurements, last.measurements));
  if (diagnostic) recordCapture(ocp, diagnostic);
  for (const note of [...last.notes, ...(diagnostic?.notes ?? [])]) say(note);
  const told = countOf(after);
  recordCounts({ ocp }, parameters, told);
  ocp.measurement("gpu.unseen", Math.max(0, onBus - told));
  recordXids({ ocp, say }, kernel);
  recordNotes(ocp, notes);
  return "capture" in after ? COMPLETE : ERROR;
}

/** GPUs are there, and nothing tells of them. */
function unseen({ ocp, say }: StageContext, onBus: number, why: string) {
  ocp.measurement("gpu.unseen", onBus);
  ocp.error("tool-failed", why);
  say(why);
  return ERROR;
}

function recordCounts({ ocp }: Pick<StageContext, "ocp">, { expect }: GpuParameters, told: number): void {
  if (told === 0) ocp.measurement("gpu.count", 0);
  if (typeof expect === "number") ocp.measurement("gpu.missing", Math.max(0, expect - told));
}

function recordXids({ ocp, say }: Pick<StageContext, "ocp" | "say">, since: number | undefined): void {
  const log = kernelLogSince(since);
  if ("unknown" in log) {
    return ocp.absent({ what: "Xids", why: log.unknown, metrics: ["gpu.xids_hardware", "gpu.xids_other"] });
  }
  const { hardware, other, lines } = xidsOf(log.messages);
  ocp.measurement("gpu.xids_hardware", hardware);
  ocp.measurement("gpu.xids_other", other);
  lines.forEach((line) => say(line));
}

/** What a diagnostic made worse. Corrected errors are what ECC is for; many new ones under load are not. */
function growth(before: readonly Measurement[], after: readonly Measurement[]): Measurement[] {
  const name = "gpu.ecc_corrected_volatile";
  return after.flatMap((last) => {
    const first = before.find((each) => each.name === name && each.part === last.part);
    if (last.name !== name || first === undefined) return [];
    return [
      { ...last, name: "gpu.ecc_corrected_growth", value: Math.max(0, Number(last.value) - Number(first.value)) },
    ];
  });
}

function countOf(look: Look): number {
  if (!("capture" in look)) return 0;
  return Number(look.capture.measurements.find(({ name }) => name === "gpu.count")?.value ?? 0);
}
