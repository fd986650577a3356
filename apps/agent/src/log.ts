import { pino, type Logger } from "pino";

/** The agent's own log. */
export type Log = Logger;

/** How much of the own log is kept for the next health report, in lines. The contract's limit. */
const RECENT_MAX = 50;
const TOKEN = /gc[aeo]_[A-Za-z0-9_-]{43}/g;

/** Who writes a log. */
export interface AgentIds {
  /** The agent's name. */
  agent: string;
  /** Absent: not enrolled yet. */
  agentId?: string;
  /** Absent: not registered yet. */
  generation?: string;
}

/** The agent's own log and the newest of its lines. */
export interface AgentLog {
  log: Log;
  /** The lines since the last call, at most 50, without tokens. */
  takeRecent: () => string[];
  /** Puts who writes on every line from now on, whichever part of the agent writes it. */
  identify: (ids: AgentIds) => void;
}

/** Where log lines go. */
export interface LogSink {
  write(line: string): unknown;
  isTTY?: boolean;
}

/** A log of JSON lines, or of short lines for people when the sink is a terminal. Tokens never get into it. */
export function createLog(options: { level: string; sink: LogSink }): AgentLog {
  const { level, sink } = options;
  let recent: string[] = [];
  let identity: AgentIds | undefined;
  const write = (line: string): void => {
    const safe = line.replaceAll(TOKEN, (token) => `${token.slice(0, 4)}[redacted]`);
    recent = [...recent, safe.trimEnd()].slice(-RECENT_MAX);
    sink.write(sink.isTTY ? forPeople(safe) : safe);
  };
  const mixin = (): object => identity ?? {};
  const log = pino({ level, base: null, mixin, timestamp: pino.stdTimeFunctions.isoTime }, { write });
  return { log, takeRecent: () => recent.splice(0), identify: (ids) => (identity = ids) };
}

function forPeople(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const name = pino.levels.labels[Number(level)] ?? "";
  const details = Object.entries(fields).map(([key, value]) => `${key}=${textOf(value)}`);
  return [String(time).slice(11, 19), name.toUpperCase().padEnd(5), msg, ...details].join(" ") + "\n";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
