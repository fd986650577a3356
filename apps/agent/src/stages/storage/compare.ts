import type { OcpWriter } from "@groundcrew/vetting";
import type { Target } from "./target.ts";

/** What a target read in sequence, in bytes a second. */
export interface TargetRate {
  target: Target;
  rate: number | undefined;
}

/**
 * What any drive of a kind reads in sequence, in bytes a second. By the disk test of Checkbox (Canonical): NVMe and SSD
 * 200 MB/s, rotating drives 80, MMC 15. A new drive does far more; a profile for known drives should say how much.
 */
const FLOORS = { fast: 200e6, rotational: 80e6, card: 15e6 };

/** With fewer there is no telling which one is the odd one. */
const FEWEST_ALIKE = 3;

/** Holds each drive's rate against what its kind must do, and against those of its model in the same machine. */
export function recordComparisons(ocp: OcpWriter, rates: readonly TargetRate[]): void {
  for (const { target, rate } of rates) {
    if (target.drive === undefined || rate === undefined) continue;
    ocp.measurement("storage.sequential.by_floor", rate / floorOf(target.drive), undefined, target.part);
    const alike = rates
      .filter((other) => other.target.drive?.model === target.drive?.model)
      .flatMap((other) => other.rate ?? []);
    const usual = alike.toSorted((a, b) => a - b)[Math.floor(alike.length / 2)];
    if (alike.length >= FEWEST_ALIKE && usual !== undefined && usual > 0) {
      ocp.measurement("storage.sequential.by_like", rate / usual, undefined, target.part);
    }
  }
}

function floorOf({ device, rotational }: NonNullable<Target["drive"]>): number {
  if (device.name.startsWith("mmcblk")) return FLOORS.card;
  return rotational ? FLOORS.rotational : FLOORS.fast;
}
