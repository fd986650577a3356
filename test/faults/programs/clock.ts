// Loaded into an agent before it starts: its clock is off by as much as the file that CLOCK_FILE names says, in
// milliseconds, read anew at each SIGUSR2. Monotonic clocks and timers stay as they are, as when somebody sets the time.
import { readFileSync } from "node:fs";

const file = process.env["CLOCK_FILE"];
const RealDate = Date;
let offMs = 0;

function read(): void {
  if (file !== undefined) offMs = Number(readFileSync(file, "utf8"));
}

const now = (): number => RealDate.now() + offMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === "now" ? now : (Reflect.get(target, key, receiver) as unknown)),
});

read();
process.on("SIGUSR2", read);
