import { timestampMs } from "@bufbuild/protobuf/wkt";
import { newestState } from "@groundcrew/engine/log-display";
import { LogStream, type LogEntry } from "@groundcrew/proto";
import type { Style } from "../terminal/style.ts";
import { paint, type Paint } from "../terminal/style.ts";
import { visible, visibleLog } from "../terminal/visible.ts";
import { fit } from "../terminal/width.ts";
import { headingOf } from "./heading.ts";
import type { LogPart } from "./tail.ts";

/** What is printed of a part. */
export type PrintedPart = Omit<LogPart, "response">;

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
const nothing = Buffer.alloc(0);
const RETURN = 0x0d;
/** Goes back to the start of the line on the terminal and clears it. */
const CLEAR_LINE = "\r\x1b[K";

/**
 * Turns parts of logs into the bytes to write. Entries that continue a line are put together again as they come; on a
 * terminal the newest state of a line that shows progress replaces the one before. Remembers which step run has which
 * colour, and which line is not finished.
 */
export class LogPrinter {
  readonly #options: PrintOptions;
  readonly #looks = new Map<string, Paint>();
  readonly #newest = new Map<string, string>();
  /** The output whose line was written without its end. */
  #open: string | undefined;

  constructor(options: PrintOptions) {
    this.#options = options;
  }

  /** The bytes of one part: marks for what is missing or tried again, then the lines. */
  format(part: PrintedPart): Buffer {
    const prefix = this.#prefix(part);
    const marks = this.#marks(part).map((mark) => Buffer.from(`${prefix}${this.#mark(mark)}\n`));
    const end = marks.length > 0 ? this.end() : nothing;
    const lines = part.entries.flatMap((entry) => this.#line(part, entry, prefix));
    return Buffer.concat([end, ...marks, ...lines]);
  }

  /** The end of a line that was not finished, if there is one. */
  end(): Buffer {
    const isOpen = this.#open !== undefined;
    this.#open = undefined;
    return isOpen ? newline : nothing;
  }

  #marks({ stepRunId, stepRun, workflowName, missing }: PrintedPart): string[] {
    const key = nameOf(workflowName, stepRun?.step);
    const before = this.#newest.get(key);
    this.#newest.set(key, stepRunId);
    const again = before !== undefined && before !== stepRunId ? ["runs again"] : [];
    return missing === 0 ? again : [...again, missing === 1 ? "1 line lost" : `${missing} lines lost`];
  }

  #mark(text: string): string {
    return paint(this.#options.style, "yellow", `--- ${text} ---`);
  }

  #line(part: PrintedPart, entry: LogEntry, prefix: string): Uint8Array[] {
    const output = `${part.stepRunId} ${entry.stream}`;
    const goesOn = this.#open === output;
    const before = goesOn ? nothing : this.end();
    const line = goesOn ? this.#rest(part, entry, prefix) : this.#start(part, entry, prefix);
    if (!line) return [before];
    this.#open = entry.continued ? output : undefined;
    return [before, ...line, entry.continued ? nothing : newline];
  }

  /** A line from its start; undefined for one that is not shown. */
  #start(part: PrintedPart, entry: LogEntry, prefix: string): Uint8Array[] | undefined {
    const lead = Buffer.from(this.#lead(part, entry, prefix));
    if (!this.#options.terminal) return [lead, entry.text];
    const heading = entry.stream === LogStream.AGENT ? undefined : headingOf(entry.text, this.#options.style);
    if (heading === "") return undefined;
    return [lead, Buffer.from(heading ?? this.#visible(newestState(entry.text)))];
  }

  /** What follows on the line that is not finished. */
  #rest(part: PrintedPart, entry: LogEntry, prefix: string): Uint8Array[] {
    if (!this.#options.terminal) return [entry.text];
    const state = newestState(entry.text);
    const isOverwritten = state[0] === RETURN && state.length > 1;
    const lead = isOverwritten ? CLEAR_LINE + this.#lead(part, entry, prefix) : "";
    return [Buffer.from(lead + this.#visible(state))];
  }

  #visible(text: Uint8Array): string {
    return visibleLog(text[0] === RETURN ? text.subarray(1) : text, this.#options.style.colour);
  }

  #lead(part: PrintedPart, entry: LogEntry, prefix: string): string {
    const { timestamps, style } = this.#options;
    const time = timestamps ? `${timeOf(part, entry)} ` : "";
    const agent = entry.stream === LogStream.AGENT ? "[agent] " : "";
    return prefix + paint(style, "dim", time) + agent;
  }

  #prefix({ workflowName, stepRun }: PrintedPart): string {
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

function timeOf({ baseTime }: PrintedPart, entry: LogEntry): string {
  return new Date((baseTime ? timestampMs(baseTime) : 0) + entry.atMs).toISOString();
}
