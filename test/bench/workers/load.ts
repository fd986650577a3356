// The simulated agents and their submitter, in a process of their own.
import { Fleet, type FleetOptions, type NewAgents } from "../load/fleet.ts";
import { probe, type Held, type ProbeOptions } from "../load/probe.ts";
import { Submitter, type SubmitOptions } from "../load/submitter.ts";
import { serveCommands } from "../worker.ts";

const fleet = new Fleet();
const { ledger } = fleet;
let submitter: Submitter | undefined;

const commands = {
  enrol: (options: NewAgents): Promise<void> => fleet.enrol(options),
  work: (options: FleetOptions): void => fleet.work(options),
  hold: (): void => fleet.hold(),
  release: (): void => fleet.release(),
  untilPolling: (): Promise<void> => fleet.untilPolling(),
  untilGranted: ({ host }: { host: string }): Promise<void> => fleet.untilGranted(host),
  until: ({ what, count }: { what: "granted" | "ended"; count: number }) => ledger.until(what, count),
  probe: (options: ProbeOptions): Promise<Held[]> => probe(ledger, options),

  /** Submits from now on. */
  submit(options: Omit<SubmitOptions, "ledger">): void {
    submitter = new Submitter({ ...options, ledger });
    submitter.start();
  },

  /** Resolves once this many were submitted. */
  untilSubmitted: async ({ count }: { count: number }): Promise<void> => submitter?.until(count),

  /** Submits nothing more. Answers how many were. */
  async stopSubmitting(): Promise<number> {
    await submitter?.stop();
    return submitter?.submitted ?? 0;
  },

  /** How long the next `count` polls that bring work take, in milliseconds. */
  async pollLatency({ count }: { count: number }): Promise<number[]> {
    const answersMs: number[] = (ledger.answersMs = []);
    while (answersMs.length < count) await ledger.until("granted", ledger.granted + 1);
    ledger.answersMs = undefined;
    return answersMs;
  },

  /** What came of it so far. */
  count() {
    ledger.check();
    const { user, system } = process.cpuUsage();
    const { ended, granted, twice } = ledger;
    const cpuMs = (user + system) / 1_000;
    return { atMs: performance.now(), answers: fleet.answers, granted, ended, twice, cpuMs };
  },

  /** Submits nothing more, and answers once all that was submitted has ended and the agents have left. */
  async finish(): Promise<{ submitted: number; ended: number; twice: number }> {
    await submitter?.stop();
    const submitted = submitter?.submitted ?? ledger.granted;
    await ledger.until("ended", submitted);
    await fleet.stop();
    return { submitted, ended: ledger.ended, twice: ledger.twice };
  },
};

export type LoadCommands = typeof commands;

serveCommands(commands);
