import type { DiskFacts } from "./disk-facts.ts";
import { isListed, type SpecDisk } from "./spec-disks.ts";

/** Why a disk's data may not be destroyed. */
export type RefusalReason =
  | "not_allowed_here"
  | "not_named"
  | "blank_serial"
  | "duplicate_serial"
  | "blank_wwn"
  | "not_local"
  | "read_only"
  | "mounted"
  | "swap"
  | "held"
  | "boot_disk"
  | "not_in_spec"
  | "signatures_unknown"
  | "signature_not_confirmed";

/** One reason, and what it rests on, for people. */
export interface Refusal {
  reason: RefusalReason;
  message: string;
}

/** What an operator asked for, and what the rules compare a disk with. */
export interface DestructionRequest {
  /** True: the agent's own settings allow destructive tests at all. */
  allowedHere: boolean;
  /** The serials whose data an operator allows to be destroyed. */
  destroyData: readonly string[];
  /** The serials that he allows it for although something stands on the disk. */
  confirmSignatures: readonly string[];
  /** The serials of all disks that the machine shows, this one's included. */
  serialsHere: readonly string[];
  /** The disks of the machine's specification. Absent: there is none, or it does not speak of disks. */
  specDisks?: readonly SpecDisk[] | undefined;
}

type Rule = (disk: DiskFacts, request: DestructionRequest) => string | undefined;

/** Each refuses by itself, whatever the others say. What it returns is the message. */
const RULES: Readonly<Record<RefusalReason, Rule>> = {
  not_allowed_here: (_, { allowedHere }) =>
    when(!allowedHere, "destructive tests are off in this agent's settings (--destructive-tests)"),
  not_named: ({ serial }, { destroyData }) =>
    when(!destroyData.includes(serial), `no operator named serial ${quoted(serial)}`),
  blank_serial: ({ serial }) => when(serial.trim() === "", "it tells no serial number"),
  duplicate_serial: ({ serial }, { serialsHere }) => {
    const count = serialsHere.filter((each) => each === serial).length;
    return when(count > 1, `${count} disks of this machine have serial ${quoted(serial)}`);
  },
  blank_wwn: ({ wwn }) => when(wwn.trim() === "", "it tells no worldwide name, so it cannot be opened by it"),
  not_local: ({ remote }) => when(remote !== undefined, `it is not a drive of this machine: ${remote}`),
  read_only: ({ readOnly }) => when(readOnly, "it is read-only"),
  mounted: ({ mounts }) => when(mounts.length > 0, `mounted at ${mounts.join(", ")}`),
  swap: ({ swaps }) => when(swaps.length > 0, `the kernel swaps to ${swaps.join(", ")}`),
  held: ({ holders }) => when(holders.length > 0, `in use by ${holders.join(", ")}`),
  boot_disk: ({ boot }) => when(boot, "this system was started from it"),
  not_in_spec: (disk, { specDisks }) =>
    when(specDisks !== undefined && !isListed(disk, specDisks), "the machine's specification does not list it"),
  signatures_unknown: ({ signatures }) =>
    when(signatures === undefined, "what stands on it could not be read, so it may be anything"),
  signature_not_confirmed: ({ serial, signatures = [], partitions }, { confirmSignatures }) => {
    const found = [...signatures, ...partitions.map((name) => `partition ${name}`)];
    const unconfirmed = found.length > 0 && !confirmSignatures.includes(serial);
    return when(
      unconfirmed,
      `it carries ${found.join(", ")}, which no operator confirmed for serial ${quoted(serial)}`,
    );
  },
};

/** The reasons, in the order in which they are told. */
export const REFUSAL_REASONS = Object.keys(RULES) as RefusalReason[];

/**
 * Every reason why this disk's data may not be destroyed; none: it may. Only an agent asks, of what it has read itself
 * of the disk that it has open.
 */
export function destructionRefusals(disk: DiskFacts, request: DestructionRequest): Refusal[] {
  return REFUSAL_REASONS.flatMap((reason) => {
    const message = RULES[reason](disk, request);
    return message === undefined ? [] : [{ reason, message }];
  });
}

function when(refused: boolean, message: string): string | undefined {
  return refused ? message : undefined;
}

function quoted(serial: string): string {
  return JSON.stringify(serial);
}
