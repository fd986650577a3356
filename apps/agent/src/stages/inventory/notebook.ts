import { writeFile } from "node:fs/promises";
import type { Absence } from "@groundcrew/vetting";
import { runTool, type ToolName } from "../tool.ts";

/** What the probes come across besides the parts themselves. */
export class Notebook {
  readonly absences: Absence[] = [];
  readonly files: { name: string; contentType: string }[] = [];
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** Keeps raw output as a file in the evidence folder. */
  async keep(name: string, content: string): Promise<void> {
    await writeFile(name, content);
    this.files.push({ name, contentType: name.endsWith(".json") ? "application/json" : "text/plain" });
  }

  /** Notes what is not there, and why. */
  absent(what: string, why: string, metrics: string[] = []): void {
    this.absences.push({ what, why, metrics });
  }

  /** Runs a tool, keeps what it wrote, and reads it. Undefined, and noted as absent, when there is nothing to read. */
  async ask<T>(
    question: { what: string; tool: ToolName; args: readonly string[]; file: string; metrics: string[] },
    read: (output: string) => T | undefined,
  ): Promise<T | undefined> {
    const output = await runTool(question.tool, question.args, this.signal);
    if (output.stdout !== "") await this.keep(question.file, output.stdout);
    const found = output.missing ? undefined : read(output.stdout);
    if (found === undefined) {
      this.absent(question.what, output.failure ?? `${question.tool} does not tell`, question.metrics);
    }
    return found;
  }
}
