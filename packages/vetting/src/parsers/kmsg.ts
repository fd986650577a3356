/** One message of the kernel. */
export interface KernelMessage {
  /** Grows by one with each; a gap is messages that were lost. */
  sequence: number;
  text: string;
}

/** Reads records of `/dev/kmsg`, each `PRIORITY,SEQUENCE,TIME,FLAGS;TEXT` and lines of key and value after it. */
export function parseKernelMessages(text: string): KernelMessage[] {
  return [...text.matchAll(/^\d{1,6},(\d{1,15}),[^;\n]*;(.*)$/gm)].map(([, sequence, message = ""]) => ({
    sequence: Number(sequence),
    text: message,
  }));
}

/**
 * The kernel's words for a request that a drive did not answer, or answered with an error: of the block layer, of
 * SCSI and ATA, of NVMe's time-outs and resets.
 */
const TROUBLE =
  /\bI\/O error\b|\bmedium error\b|\btarget error\b|\bfailed command\b|\bexception Emask\b|\btimeout, (?:aborting|reset|completion)|\bcontroller is down\b|\breset controller\b|\bUnrecovered read error\b/i;

/** The messages that tell of trouble with one of these drives, by the kernel's names. */
export function driveTrouble(messages: readonly KernelMessage[], names: readonly string[]): KernelMessage[] {
  const patterns = names.map((name) => new RegExp(`\\b${escaped(controllerOf(name))}`));
  return messages.filter(({ text }) => TROUBLE.test(text) && patterns.some((pattern) => pattern.test(text)));
}

/** NVMe's messages name the controller, which the namespace's name begins with; all others begin with the drive. */
function controllerOf(name: string): string {
  return /^nvme\d+/.exec(name)?.[0] ?? name;
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, String.raw`\$&`);
}
