import { type Iperf3Run, limitsOf, linkBySpec, type OcpWriter, type Reflector } from "@groundcrew/vetting";
import type { InterfaceState } from "./interfaces.ts";
import type { Way } from "./run-iperf3.ts";

/** How each way's figures begin. */
const PREFIX: Readonly<Record<Way, string>> = { forward: "network.", reverse: "network.reverse_", udp: "network.udp_" };

/** What holds a link's figures against: its own speed, what its partner promises, and how iperf3 uses cores. */
export interface Against {
  speedMbits: number | undefined;
  reflector: Reflector;
  cores: number;
}

/** Writes one test's figures; what may have kept them down besides the link is told as a doubt. */
export function recordRun(ocp: OcpWriter, way: Way, run: Iperf3Run, against: Against): void {
  const prefix = PREFIX[way];
  const { capture, ownCpuPercent, reflectorCpuPercent, retransmitShare, dip } = run;
  for (const problem of capture.problems) ocp.error("not-judged", `${way}: ${problem}`);
  for (const { name, value, unit } of capture.measurements) {
    ocp.measurement(`${prefix}${name.slice("network.".length)}`, value, unit || undefined);
  }
  if (retransmitShare !== undefined) ocp.measurement(`${prefix}retransmit_share`, retransmitShare);
  if (dip !== undefined) ocp.measurement(`${prefix}dip`, dip);
  if (ownCpuPercent !== undefined) ocp.measurement(`${prefix}own_cpu`, ownCpuPercent, "%");
  if (reflectorCpuPercent !== undefined) ocp.measurement(`${prefix}reflector_cpu`, reflectorCpuPercent, "%");
  const rate = capture.measurements.find(({ name }) => name === "network.bits_per_second")?.value;
  if (typeof rate !== "number") return;
  if (way !== "udp" && against.speedMbits !== undefined) {
    ocp.measurement(`${prefix}by_link`, rate / (against.speedMbits * 1e6));
  }
  recordDoubts(ocp, prefix, { ...run, bitsPerSecond: rate }, against);
}

type Rate = Pick<Iperf3Run, "ownCpuPercent" | "reflectorCpuPercent"> & { bitsPerSecond: number };

function recordDoubts(ocp: OcpWriter, prefix: string, rate: Rate, { reflector, cores }: Against): void {
  const metrics = ["bits_per_second", "by_link", "dip", "retransmit_share", "lost_percent"].map(
    (name) => prefix + name,
  );
  const { capacityBitsPerSecond } = reflector;
  for (const why of limitsOf({ ...rate, capacityBitsPerSecond, cores })) ocp.doubt({ metrics, why });
}

/** Writes what the interfaces that carried the tests counted meanwhile, and how fast their links are. */
export function recordInterfaces(
  ocp: OcpWriter,
  names: readonly string[],
  { before, after, spec }: { before: readonly InterfaceState[]; after: readonly InterfaceState[]; spec: unknown },
): void {
  for (const now of after.filter(({ name }) => names.includes(name))) {
    const part = `nic ${now.address || now.name}`;
    const first = before.find(({ name }) => name === now.name)?.counters;
    for (const [metric, count] of now.counters) {
      const start = first?.get(metric);
      // One that went down was reset, and what it counted before is not known.
      if (start !== undefined && count >= start) ocp.measurement(`network.${metric}`, count - start, undefined, part);
    }
    const { speedMbits, fullDuplex } = now;
    if (speedMbits !== undefined) {
      ocp.measurement("network.link_bits_per_second", speedMbits * 1e6, "bit/s", part);
      const share = linkBySpec(speedMbits, spec);
      if (share !== undefined) ocp.measurement("network.link_by_spec", share, undefined, part);
    }
    if (fullDuplex !== undefined) ocp.measurement("network.full_duplex", Number(fullDuplex), undefined, part);
  }
  recordAbsences(
    ocp,
    after.filter(({ name }) => names.includes(name)),
  );
}

function recordAbsences(ocp: OcpWriter, carriers: readonly InterfaceState[]): void {
  if (carriers.some(({ speedMbits }) => speedMbits !== undefined)) return;
  const metrics = ["by_link", "reverse_by_link", "link_bits_per_second", "link_by_spec", "full_duplex"];
  const which = carriers.map(({ name }) => name).join(", ") || "no interface";
  ocp.absent({
    what: "the link's speed",
    why: `the tests went over ${which}, which tells no speed`,
    metrics: metrics.map((name) => `network.${name}`),
  });
}
