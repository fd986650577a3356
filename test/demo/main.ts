// `make demo`: real builds and a real vetting run go through a real queue on this machine. With CHAOS=1 some of it is
// killed meanwhile. Exit code 0: everything passed; 1: something did not; 130: Ctrl-C.
import { homedir } from "node:os";
import { outputOf, type Io } from "../../apps/cli/src/io.ts";
import { runDemo } from "./run-demo.ts";

/** The first Ctrl-C ends the demo in good order, a second one at once. */
function interruptSignals(): { interrupted: AbortSignal; hurry: AbortSignal } {
  const [first, second] = [new AbortController(), new AbortController()];
  const onSignal = (): void => {
    if (first.signal.aborted) second.abort();
    first.abort(new Error("interrupted"));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  return { interrupted: first.signal, hurry: second.signal };
}

const chaos = process.env["CHAOS"] ?? "";
if (!["", "0", "1"].includes(chaos)) {
  console.error(`demo: CHAOS is ${JSON.stringify(chaos)}, expected 1 or nothing`);
  process.exit(1);
}
const { interrupted, hurry } = interruptSignals();
const io: Io = {
  stdin: process.stdin,
  stdout: outputOf(process.stdout, process.env, false),
  stderr: outputOf(process.stderr, process.env, false),
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  signal: interrupted,
  now: Date.now,
};
process.exitCode = await runDemo(io, { chaos: chaos === "1", hurry });
