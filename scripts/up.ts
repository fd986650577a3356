// Keeps a server and one build agent running on this machine until Ctrl-C: what `make up` calls. What they know stays
// in a folder, so that the next `make up` goes on with it.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A program that runs, and where it logs. */
interface Running {
  readonly name: "server" | "agent";
  readonly child: ChildProcess;
  readonly log: string;
}

const folder = join(groundcrewFolder(), "up");
const pidFile = join(folder, "up.pid");
const readyFile = join(folder, "server.json");
const adminTokenFile = join(folder, "admin-token");
const agentFolder = join(folder, "agent");

// A terminal that is closed takes no more words; what runs has to be stopped all the same.
process.stdout.on("error", () => undefined);

try {
  process.exitCode = await up();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function up(): Promise<number> {
  mkdirSync(folder, { recursive: true, mode: 0o755 }); // as root, Postgres passes through it as another user
  const other = await findOther();
  if (other !== undefined) {
    say(`it is already running, at ${other.url}; kill ${other.pid} stops it`);
    return 0;
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  const running: Running[] = [];
  const asked = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => asked.abort());
  try {
    await startBoth(running, asked.signal);
    await untilAborted(asked.signal, running);
  } catch (error) {
    if (!asked.signal.aborted) throw error;
  } finally {
    asked.abort();
    say("stopping");
    for (const one of running.toReversed()) await stop(one);
    rmSync(pidFile, { force: true });
  }
  return 0;
}

async function startBoth(running: Running[], signal: AbortSignal): Promise<void> {
  say("starting the server");
  rmSync(readyFile, { force: true });
  const server = [
    "--state-dir",
    join(folder, "server"),
    "--ready-file",
    readyFile,
    "--admin-token-file",
    adminTokenFile,
  ];
  running.push(start("server", server));
  const url = await firstOf(whenReady(signal), running);
  await crew("login", url, "--context", "up", "--token-file", adminTokenFile);
  say("starting a build agent");
  const agent = ["--server", url, "--state-dir", agentFolder, "--drain-timeout", "30s"];
  running.push(start("agent", agent, await enrolment()));
  say(guide(url));
}

/** Below the folder that the programs themselves use. */
function groundcrewFolder(): string {
  if (process.getuid?.() === 0) return "/var/lib/groundcrew";
  return join(process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "groundcrew");
}

function say(text: string): void {
  process.stdout.write(`up: ${text}\n`);
}

/** Another `make up` whose server answers: its address, and the process that stops it. */
async function findOther(): Promise<{ url: string; pid: number } | undefined> {
  try {
    const { grpc_url, http_url, pid } = readReady();
    await fetch(http_url, { signal: AbortSignal.timeout(2_000) });
    return { url: grpc_url, pid: pidOfOther() ?? pid };
  } catch {
    return undefined;
  }
}

/** The process of another `make up`. None if it was killed and left its server behind. */
function pidOfOther(): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("up.ts") ? pid : undefined;
  } catch {
    return undefined;
  }
}

interface Ready {
  grpc_url: string;
  http_url: string;
  /** The server's. */
  pid: number;
}

function readReady(): Ready {
  return JSON.parse(readFileSync(readyFile, "utf8")) as Ready;
}

/** Apart from our terminal, so that a Ctrl-C reaches us alone and we stop them in order. */
function start(name: Running["name"], flags: string[], env: NodeJS.ProcessEnv = {}): Running {
  const log = join(folder, `${name}.log`);
  // Private: the server tells the admin token once, in there.
  const output = openSync(log, "w", 0o600);
  const child = spawn(binOf(`groundcrew-${name}`), flags, {
    cwd: folder,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  return { name, child, log };
}

function binOf(program: string): string {
  return fileURLToPath(import.meta.resolve(`../bin/${program}`));
}

/** Resolves to the server's address when it says that it is ready. */
async function whenReady(signal: AbortSignal): Promise<string> {
  const changes = watch(folder, { signal });
  while (!existsSync(readyFile)) await once(changes, "change", { signal });
  changes.close();
  return readReady().grpc_url;
}

/** What `event` resolves to; rejects if one of the programs ends before. */
async function firstOf<T>(event: Promise<T>, running: Running[]): Promise<T> {
  return Promise.race([event, ...running.map(rejectAtEnd)]);
}

async function rejectAtEnd({ name, child, log }: Running): Promise<never> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  const words = readFileSync(log, "utf8").trimEnd().split("\n").slice(-5).join("\n");
  throw new Error(
    `the ${name} ended (${child.signalCode ?? `exit code ${child.exitCode}`}); the end of ${log}:\n${words}`,
  );
}

async function untilAborted(signal: AbortSignal, running: Running[]): Promise<void> {
  if (!signal.aborted) await firstOf(once(signal, "abort"), running);
}

async function crew(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(binOf("crew"), args);
  return stdout;
}

/** The first time, an enrolment token; later the agent has a credential of its own. */
async function enrolment(): Promise<NodeJS.ProcessEnv> {
  if (existsSync(join(agentFolder, "identity.json"))) return {};
  const response = JSON.parse(await crew("agents", "enroll", "--context", "up", "-o", "json")) as { secret: string };
  return { GROUNDCREW_AGENT_TOKEN: response.secret };
}

async function stop({ child }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

function guide(url: string): string {
  const bin = binOf("crew");
  return `ready at ${url}; crew's context "up" leads to it. Ctrl-C stops it. Try:
  ${bin} agents ls
  ${bin} submit FILE
  ${bin} agents enroll
  What they say is in ${folder}/server.log and agent.log`;
}
