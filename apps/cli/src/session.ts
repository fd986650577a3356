import { toJson, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { OperatorService } from "@groundcrew/proto";
import { createClient, dial, type Client, type Connection } from "@groundcrew/rpc";
import { readConfig, writeConfig, type Config } from "./contexts/config-file.ts";
import { configPath } from "./contexts/config-path.ts";
import { resolveTarget, type Target } from "./contexts/target.ts";
import { ExitCode } from "./exit-codes.ts";
import { Failure, interrupted, toFailure } from "./failure.ts";
import { writeLines, type Io } from "./io.ts";
import type { Table } from "./render/tables.ts";
import type { View } from "./render/view.ts";
import { renderTable } from "./terminal/table.ts";

/** The width of pictures that are not drawn on a terminal, in columns. */
const PIPE_WIDTH = 160;

/** A client of the operator's service. */
export type Operator = Client<typeof OperatorService>;

/** The options that every command takes. */
export interface GlobalOptions {
  context?: string;
  url?: string;
  /** The deadline of a call, in milliseconds. */
  timeout: number;
}

/** How a command prints what it read. */
export type Format = "table" | "json";

/** One run of one command: its options, its terminal, its connection. */
export class Session {
  readonly io: Io;
  readonly globals: GlobalOptions;
  readonly format: Format;
  #connection: Connection | undefined;
  #url: string | undefined;

  constructor(io: Io, globals: GlobalOptions, format: Format) {
    this.io = io;
    this.globals = globals;
    this.format = format;
  }

  /** What every call is made with: Ctrl-C ends it. */
  get call(): { signal: AbortSignal } {
    return { signal: this.io.signal };
  }

  /** The user's contexts, as they are saved. */
  config(): Config {
    return readConfig(configPath(this.io));
  }

  /** Saves the user's contexts. */
  saveConfig(config: Config): Promise<void> {
    return writeConfig(configPath(this.io), config);
  }

  /** The server this command talks to. Fails when there is none. */
  target(): Target {
    const { context, url } = this.globals;
    return resolveTarget({ config: this.config(), context, url, env: this.io.env });
  }

  /** A client for {@link target}. Fails when there is no credential for it. */
  async operator(): Promise<Operator> {
    const target = this.target();
    if (target.token === undefined) throw noToken(target.url);
    return this.dial(target);
  }

  /** Failures name this server from now on, instead of {@link target}'s. */
  aimAt(url: string): void {
    this.#url = url;
  }

  /** A client for a server of the caller's choice. The connection ends with the session. */
  async dial(target: Target): Promise<Operator> {
    const { url, token, fingerprint, ca } = target;
    this.close();
    this.aimAt(url);
    this.#connection = await dial({
      url,
      timeoutMs: this.globals.timeout,
      ...(token === undefined ? {} : { token }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(ca === undefined ? {} : { ca }),
    });
    return createClient(OperatorService, this.#connection.transport);
  }

  /** Ends the connection. Idempotent. */
  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Prints a response as JSON when that was asked for, else the lines that `table` makes of it. */
  show<D extends DescMessage>(schema: D, message: MessageShape<D>, table: () => string[]): void {
    if (this.format === "json") this.json(schema, message, 2);
    else this.print(table());
  }

  /** Prints a response as JSON when that was asked for, else as a table. An empty table is left out. */
  showTable<D extends DescMessage>(schema: D, message: MessageShape<D>, table: Table): void {
    this.show(schema, message, () => this.tableLines(table));
  }

  /** Lays out a table for standard output. No rows, no lines. */
  tableLines({ columns, rows }: Table): string[] {
    if (rows.length === 0) return [];
    const { stdout } = this.io;
    return renderTable(columns, rows, { style: stdout.style, ...(stdout.isTty ? { width: stdout.columns() } : {}) });
  }

  /** What pictures on standard output are drawn for. */
  view(): View {
    const { stdout, now } = this.io;
    return { nowMs: now(), width: stdout.isTty ? stdout.columns() : PIPE_WIDTH, style: stdout.style };
  }

  /** Prints a message as JSON, every field present: on one line, or indented. */
  json<D extends DescMessage>(schema: D, message: MessageShape<D>, indent = 0): void {
    this.print([JSON.stringify(toJson(schema, message, { alwaysEmitImplicit: true }), undefined, indent)]);
  }

  /** Prints lines of the answer. */
  print(lines: readonly string[]): void {
    writeLines(this.io.stdout, lines);
  }

  /** Prints lines for people, beside the answer. */
  note(...lines: string[]): void {
    writeLines(this.io.stderr, lines);
  }

  /** What an error of this session is told as. `listing` is the command that lists what it may have been about. */
  failure(error: unknown, listing?: string): Failure {
    if (error instanceof Failure) return error;
    if (this.io.signal.aborted) return interrupted();
    return toFailure(error, { url: this.#urlForMessages(), listing });
  }

  #urlForMessages(): string | undefined {
    try {
      return this.#url ?? this.target().url;
    } catch {
      return undefined;
    }
  }
}

function noToken(url: string): Failure {
  return new Failure(`no credential for ${url}`, {
    exitCode: ExitCode.credential,
    next: `crew login ${url} (or set GROUNDCREW_TOKEN)`,
  });
}
