import {
  type Inventory,
  LSBLK_COLUMNS,
  parseLsblk,
  parseLscpu,
  parseMemTotal,
  parseMicrocode,
} from "@groundcrew/vetting";
import { readText } from "../sysfs.ts";
import { probeNics } from "./nics.ts";
import type { Notebook } from "./notebook.ts";
import { probePci } from "./pci.ts";
import { probeDimms, probeDmi } from "./smbios.ts";

/** Looks at every kind of part, all at once. What cannot be seen is noted, and left out. */
export async function probeMachine(notes: Notebook): Promise<Inventory> {
  const [cpu, memory, dimms, disks, nics, pci, dmi, kernel, bootId] = await Promise.all([
    probeCpu(notes),
    probeMemory(notes),
    probeDimms(notes),
    probeDisks(notes),
    probeNics(notes),
    probePci(notes),
    probeDmi(notes),
    readText("/proc/sys/kernel/osrelease"),
    readText("/proc/sys/kernel/random/boot_id"),
  ]);
  return { cpu, memory, dimms, disks, nics, pci, dmi, kernel, bootId };
}

async function probeCpu(notes: Notebook): Promise<Inventory["cpu"]> {
  const metrics = ["cpu.sockets", "cpu.cores", "cpu.threads"];
  const cpu = await notes.ask({ what: "CPU", tool: "lscpu", args: ["-J"], file: "lscpu.json", metrics }, parseLscpu);
  const cpuinfo = await readText("/proc/cpuinfo");
  if (cpuinfo !== undefined) await notes.keep("proc-cpuinfo.txt", `${cpuinfo}\n`);
  return cpu === undefined ? undefined : { ...cpu, microcode: parseMicrocode(cpuinfo ?? "") };
}

async function probeMemory(notes: Notebook): Promise<Inventory["memory"]> {
  const meminfo = (await readText("/proc/meminfo")) ?? "";
  if (meminfo !== "") await notes.keep("proc-meminfo.txt", `${meminfo}\n`);
  const totalBytes = parseMemTotal(meminfo);
  if (totalBytes !== undefined) return { totalBytes };
  notes.absent("memory", "/proc/meminfo has no MemTotal", ["memory.total_bytes"]);
  return undefined;
}

async function probeDisks(notes: Notebook): Promise<Inventory["disks"]> {
  const args = ["-J", "-b", "-o", LSBLK_COLUMNS];
  return notes.ask({ what: "drives", tool: "lsblk", args, file: "lsblk.json", metrics: ["disk.count"] }, parseLsblk);
}
