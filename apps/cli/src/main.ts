import { homedir } from "node:os";
import { ExitCode } from "./exit-codes.ts";
import { outputOf, type Io } from "./io.ts";
import { runCrew } from "./run.ts";

const SHOW_CURSOR = "\x1b[?25h";

// Ctrl-C ends what is going on in good order; once more ends it at once.
function interruptSignal(): AbortSignal {
  const interrupt = new AbortController();
  const onSignal = (): void => {
    if (interrupt.signal.aborted) leaveAtOnce(ExitCode.interrupted);
    interrupt.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  return interrupt.signal;
}

function leaveAtOnce(exitCode: number): never {
  if (process.stdout.isTTY) process.stdout.write(SHOW_CURSOR);
  process.exit(exitCode);
}

// The reader of a pipe may leave early (`crew … | head`): that is how it says it has enough.
function onBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(ExitCode.ok);
  throw error;
}

process.stdout.on("error", onBrokenPipe);
process.stderr.on("error", onBrokenPipe);

const argv = process.argv.slice(2);
const noColour = argv.includes("--no-color");
const io: Io = {
  stdin: process.stdin,
  stdout: outputOf(process.stdout, process.env, noColour),
  stderr: outputOf(process.stderr, process.env, noColour),
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  signal: interruptSignal(),
  now: Date.now,
};
process.exitCode = await runCrew(argv, io);
