import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { loadProgram } from "@groundcrew/settings";
import type { AgentOptions } from "./agent-options.ts";
import { Agent } from "./agent.ts";
import { ExitCode, FatalError } from "./exit.ts";
import { createLog, type AgentLog } from "./log.ts";
import { program, type AgentSettings } from "./settings.ts";

process.exit(await main());

async function main(): Promise<ExitCode> {
  const loaded = loadProgram(program, { argv: process.argv.slice(2), env: process.env });
  switch (loaded.kind) {
    case "help":
    case "version":
      process.stdout.write(loaded.text);
      return ExitCode.DRAINED;
    case "error":
      process.stderr.write(loaded.message);
      return ExitCode.BAD_SETTINGS;
    case "run":
      return runAgent(loaded.values, createLog({ level: loaded.values.logLevel, sink: process.stderr }));
    default:
      return loaded satisfies never;
  }
}

async function runAgent(settings: AgentSettings, log: AgentLog): Promise<ExitCode> {
  try {
    const agent = new Agent(optionsOf(settings, log));
    stopOnSignals(agent, log);
    // Kept from the first start on, even if this process is killed: it makes later ones start faster and smaller.
    void agent.started.then(() => flushCompileCache());
    await agent.run();
    return ExitCode.DRAINED;
  } catch (error) {
    if (error instanceof FatalError) {
      log.log.fatal({ exitCode: error.exitCode }, error.message);
      return error.exitCode;
    }
    log.log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    return ExitCode.FAULT;
  }
}

function stopOnSignals(agent: Agent, { log }: AgentLog): void {
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1;
    log.info({ signal }, signals === 1 ? "draining; a second signal hands back at once" : "handing back what runs");
    if (signals === 1) agent.drain();
    else agent.stop();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

function optionsOf(settings: AgentSettings, log: AgentLog): AgentOptions {
  const { server, fingerprint, name, labels, serves, drainTimeout, killGrace, stepEnv } = settings;
  return {
    server,
    fingerprint,
    name,
    labels,
    serves,
    stepEnv,
    log,
    token: settings.token ?? readSetting("--token-file", settings.tokenFile)?.trim(),
    ca: readSetting("--ca-file", settings.caFile),
    // A vetting run has its machine to itself.
    capacity: serves === "vetting" ? 1 : settings.capacity,
    // Steps run in another folder, where a relative path would lead elsewhere.
    stateDirectory: resolve(settings.stateDir),
    drainTimeoutMs: drainTimeout,
    killGraceMs: killGrace,
  };
}

function readSetting(flag: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FatalError(ExitCode.BAD_SETTINGS, `the file that ${flag} names cannot be read: ${why}`);
  }
}
