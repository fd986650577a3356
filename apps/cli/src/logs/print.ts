import { timestampMs } from "@bufbuild/protobuf/wkt";
import { LogStream, type LogEntry } from "@groundcrew/proto";
import type { Style } from "../terminal/style.ts";
import { paint, type Paint } from "../terminal/style.ts";
import { visible, visibleLog } from "../terminal/visible.ts";
import { fit } from "../terminal/width.ts";
import type { LogPart } from "./tail.ts";

/** How log lines are printed. */
export interface PrintOptions {
  /** Puts `workflow/step` before each line, filled to this many columns. Undefined: lines come bare. */
  prefixWidth?: number;
  /** Puts the time of each line before it. */
  timestamps: boolean;
  /** Whether a terminal reads them: then control characters are made visible. */
  terminal: boolean;
  style: Style;
}

const prefixLooks: Paint[] = ["cyan", "magenta", "blue", "yellow", "green"];
const newline = Buffer.from("\n");

/** Turns parts of logs into the bytes to write. Remembers which step run has which colour. */
export class LogPrinter {
  readonly #options: PrintOptions;
  readonly #looks = new Map<string, Paint>();
  readonly #newest = new Map<string, string>();

  constructor(options: PrintOptions) {
    this.#options = options;
  }

  /** The bytes of one part: marks for what is missing or tried again, then the lines. */
  format(part: LogPart): Buffer {
    const prefix = this.#prefix(part);
    const marks = this.#marks(part).map((mark) => Buffer.from(`${prefix}${this.#mark(mark)}\n`));
    const lines = part.entries.flatMap((entry) => this.#line(part, entry, prefix));
    return Buffer.concat([...marks, ...lines]);
  }

  #marks({ stepRunId, stepRun, workflowName, missing }: LogPart): string[] {
    const key = nameOf(workflowName, stepRun?.step);
    const before = this.#newest.get(key);
    this.#newest.set(key, stepRunId);
    const again = before !== undefined && before !== stepRunId ? ["runs again"] : [];
    return missing === 0 ? again : [...again, missing === 1 ? "1 line lost" : `${missing} lines lost`];
  }

  #mark(text: string): string {
    return paint(this.#options.style, "yellow", `--- ${text} ---`);
  }

  #line(part: LogPart, entry: LogEntry, prefix: string): Uint8Array[] {
    const { terminal, timestamps, style } = this.#options;
    const time = timestamps ? `${timeOf(part, entry)} ` : "";
    const agent = entry.stream === LogStream.AGENT ? "[agent] " : "";
    const text = terminal ? Buffer.from(visibleLog(entry.text, style.colour)) : entry.text;
    return [Buffer.from(prefix + paint(style, "dim", time) + agent), text, newline];
  }

  #prefix({ workflowName, stepRun }: LogPart): string {
    const { prefixWidth, style } = this.#options;
    if (prefixWidth === undefined) return "";
    const name = nameOf(workflowName, stepRun?.step);
    const look = this.#looks.get(name) ?? prefixLooks[this.#looks.size % prefixLooks.length] ?? "none";
    this.#looks.set(name, look);
    return `${paint(style, look, fit(name, prefixWidth))} | `;
  }
}

/** What a step run is called before its lines: `workflow/step`. */
export function nameOf(workflow: string, step = ""): string {
  return visible(`${workflow}/${step}`);
}

function timeOf({ baseTime }: LogPart, entry: LogEntry): string {
  return new Date((baseTime ? timestampMs(baseTime) : 0) + entry.atMs).toISOString();
}
