import { type Capture, unreadable } from "./capture.ts";
import { isStressNg, readStressNg } from "./stress/stress-ng.ts";

/** Stressors that use memory, drives or the network rather than CPUs; all others compute. */
const NOT_CPU =
  /^(?:vm|vm-.*|memrate|memthrash|mmap.*|malloc|bigheap|stack|brk|hdd|io|iomix|aio.*|sock.*|udp.*|seek|.*file)$/;

/** Reads what stress-ng wrote of computing: its YAML, its log, or both in one file. */
export function readCpuStress(text: string): Capture {
  if (!isStressNg(text)) return unreadable("this is neither the YAML nor the log of stress-ng, or it is cut off");
  return readStressNg(text, { prefix: "cpu_stress", stressors: new RegExp(`^(?!${NOT_CPU.source.slice(1)})`) });
}
