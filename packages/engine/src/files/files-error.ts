/** Files of a step that could not be kept or fetched; the message is for the step's log and names what is wrong. */
export class FilesError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FilesError";
  }
}

/** A name as it may stand in a log: in quotes, with what is not printable escaped. */
export function quoted(name: string): string {
  return JSON.stringify(name);
}

/** Whether a system call failed for one of these reasons. */
export function failedBy(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}
