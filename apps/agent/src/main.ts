import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { AgentOptions, Offer } from "./agent-options.ts";
import { Agent } from "./agent.ts";
import type { BootParameters } from "./boot/boot-parameters.ts";
import { loadSettings, misdirected } from "./boot/load-settings.ts";
import { ExitCode, FatalError } from "./exit.ts";
import { createLog, type AgentLog } from "./log.ts";
import { powerOff } from "./power-off.ts";
import { protectAgent } from "./protection/protect-agent.ts";
import type { AgentSettings } from "./settings.ts";
import { type ListedStage, parseListedStages } from "./stages/listed-stage.ts";

process.exit(await main());

async function main(): Promise<ExitCode> {
  const loaded = loadSettings({ argv: process.argv.slice(2), env: process.env });
  switch (loaded.kind) {
    case "help":
    case "version":
      process.stdout.write(loaded.text);
      return ExitCode.DRAINED;
    case "error":
      process.stderr.write(loaded.message);
      return ExitCode.BAD_SETTINGS;
    case "run":
      return runAgent(loaded.values, loaded.boot, createLog({ level: loaded.values.logLevel, sink: process.stderr }));
    default:
      return loaded satisfies never;
  }
}

async function runAgent(settings: AgentSettings, boot: BootParameters, log: AgentLog): Promise<ExitCode> {
  try {
    const wrong = await misdirected(boot);
    if (wrong !== undefined) throw new FatalError(ExitCode.BAD_SETTINGS, wrong);
    if (boot.run !== undefined) log.log.info({ workflowId: boot.run }, "this machine was booted for a vetting run");
    const agent = new Agent(optionsOf(settings, boot, log));
    stopOnSignals(agent, log);
    reloadOnSignal(agent, settings, log);
    if (settings.serves === "vetting") await protectAgent(log.log);
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

/** SIGHUP: reads the configuration again. What it says of labels and capacity counts at once; the rest at a restart. */
function reloadOnSignal(agent: Agent, first: AgentSettings, { log }: AgentLog): void {
  let current = first;
  process.on("SIGHUP", () => {
    const loaded = loadSettings({ argv: process.argv.slice(2), env: process.env });
    if (loaded.kind !== "run") {
      const problem = loaded.kind === "error" ? loaded.message : "it does not say to run";
      return log.error({ problem }, "the configuration cannot be read again; everything stays as it was");
    }
    const waiting = restartOnly(current, loaded.values);
    if (waiting.length > 0) log.warn({ settings: waiting }, "these settings have changed and wait for a restart");
    const { labels, capacity } = loaded.values;
    current = { ...current, labels, capacity };
    log.info(offerOf(current), "read the configuration again");
    agent.reoffer(offerOf(current));
  });
}

/** The settings that differ and cannot change while it runs. */
function restartOnly(before: AgentSettings, after: AgentSettings): string[] {
  const settings = Object.keys(after) as (keyof AgentSettings)[];
  const fixed = settings.filter((name) => name !== "labels" && name !== "capacity");
  return fixed.filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

// A vetting run has its machine to itself, and one workflow takes one slot.
function offerOf({ labels, capacity, serves, once }: AgentSettings): Offer {
  return { labels, capacity: once || serves === "vetting" ? 1 : capacity };
}

function optionsOf(settings: AgentSettings, boot: BootParameters, log: AgentLog): AgentOptions {
  const { server, fingerprint, name, serves, once, drainTimeout, killGrace, cleanupTimeout, stepEnv } = settings;
  return {
    server,
    fingerprint,
    name,
    ...offerOf(settings),
    once,
    serves,
    authorizedKeys: settings.authorizedKeys === undefined ? undefined : resolve(settings.authorizedKeys),
    ...(mayPowerOff(settings, boot) && { powerOff: () => powerOff(log.log) }),
    stepEnv,
    log,
    token: settings.token ?? readSetting("--token-file", settings.tokenFile)?.trim(),
    ca: readSetting("--ca-file", settings.caFile),
    // Steps run in another folder, where a relative path would lead elsewhere.
    stateDirectory: resolve(settings.stateDir),
    drainTimeoutMs: drainTimeout,
    killGraceMs: killGrace,
    cleanupTimeoutMs: cleanupTimeout,
    backend: backendOf(settings),
    privateFiles: privateFilesOf(settings),
    keepWorkspaces: settings.keepWorkspaces,
    destructiveTests: settings.destructiveTests,
    workspaceMaxBytes: settings.workspaceMaxBytes,
    listedStages: listedStagesOf(settings),
    logLimits: { maxBytes: settings.logMaxBytes, maxLines: settings.logMaxLines },
    archiveLimits: { maxBytes: settings.archiveMaxBytes, maxEntries: settings.archiveMaxFiles },
  };
}

/** A live image has nothing to lose; any other machine is its owner's. */
function mayPowerOff({ powerOff }: AgentSettings, { env }: BootParameters): boolean {
  if (powerOff === "live") return env["GROUNDCREW_AGENT_SERVER"] !== undefined;
  return powerOff === "always";
}

function backendOf(settings: AgentSettings): AgentOptions["backend"] {
  const { backend: name, sandboxRead, containerImage, containerConfig } = settings;
  const container = {
    ...(containerImage !== undefined && { defaultImage: containerImage }),
    ...(containerConfig !== undefined && { registryConfig: resolve(containerConfig) }),
  };
  return { name, readOnlyPaths: sandboxRead.map((path) => resolve(path)), container };
}

function privateFilesOf({ tokenFile, containerConfig }: AgentSettings): string[] {
  const files = [tokenFile, containerConfig, process.env["GROUNDCREW_AGENT_CONFIG"]];
  return files.filter((file) => file !== undefined).map((file) => resolve(file));
}

function listedStagesOf({ stages }: AgentSettings): ListedStage[] {
  try {
    return parseListedStages(stages);
  } catch (error) {
    throw new FatalError(ExitCode.BAD_SETTINGS, `--stage: ${error instanceof Error ? error.message : String(error)}`);
  }
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
