import { type Inventory, INVENTORY_EXTENSION, type OcpWriter } from "@groundcrew/vetting";
import { dutInfoOf } from "./inventory/dut-info.ts";
import { Notebook } from "./inventory/notebook.ts";
import { probeMachine } from "./inventory/probe.ts";
import { COMPLETE, type Stage } from "./stage.ts";
import { type ToolName, versionOf } from "./tool.ts";

const TOOLS: readonly ToolName[] = ["lscpu", "lsblk", "ip", "lspci", "dmidecode"];

/**
 * Says what the machine is made of. Reads only. A part that cannot be seen is told as absent, with the reason; a count
 * is written only when the list behind it could be read.
 */
export const inventory: Stage = async ({ ocp, parameters, program, signal, say }) => {
  say("looking at CPU, memory, drives, network interfaces and PCI devices");
  const notes = new Notebook(signal);
  const [found, tools] = await Promise.all([probeMachine(notes), toolVersions(signal)]);
  await notes.keep("inventory.json", `${JSON.stringify(found, undefined, 2)}\n`);
  ocp.start({ ...program, parameters, dutInfo: dutInfoOf(found, tools) });
  for (const { name, value, unit } of metricsOf(found)) {
    if (value === undefined) continue;
    ocp.measurement(name, value, unit);
    say(`${name} = ${value}${unit === undefined ? "" : ` ${unit}`}`);
  }
  record(ocp, found, notes);
  for (const { what, why } of notes.absences) say(`not available: ${what}: ${why}`);
  return COMPLETE;
};

function metricsOf({ cpu, memory, dimms, disks, nics, pci }: Inventory) {
  return [
    { name: "cpu.sockets", value: cpu?.sockets },
    { name: "cpu.cores", value: cpu?.cores },
    { name: "cpu.threads", value: cpu?.threads },
    { name: "memory.total_bytes", value: memory?.totalBytes, unit: "B" },
    { name: "dimm.count", value: dimms?.length },
    { name: "disk.count", value: disks?.length },
    { name: "nic.count", value: nics?.filter((nic) => nic.device !== undefined).length },
    { name: "pci.count", value: pci?.length },
  ];
}

function record(ocp: OcpWriter, found: Inventory, notes: Notebook): void {
  for (const absence of notes.absences) ocp.absent(absence);
  for (const file of notes.files) ocp.file(file.name, file.contentType);
  ocp.extension(INVENTORY_EXTENSION, found);
}

async function toolVersions(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const versions = await Promise.all(TOOLS.map(async (tool) => [tool, await versionOf(tool, signal)] as const));
  return new Map(versions.flatMap(([tool, told]) => ("version" in told ? [[tool, told.version]] : [])));
}
