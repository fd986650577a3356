// Plays random schedules of trouble against real programs, and holds what happened against what is promised.
// `make faults SEEDS=20`, `make faults SEED=7` to play one again, `make faults MUTANTS=1` to prove the proof.
import { runMutants } from "./mutants/run-mutants.ts";
import { playSeeds } from "./play-seeds.ts";
import { readSettings } from "./settings.ts";

// What a seed that was given up still waits for is nobody's business any more.
const exitCode = await main().catch((error: unknown) => {
  console.error(`faults: ${error instanceof Error ? error.message : String(error)}`);
  return 2;
});
process.exit(exitCode);

function main(): Promise<number> {
  const stop = new AbortController();
  // All programs are in process groups of their own: they are ended in order, not by the terminal.
  for (const name of ["SIGINT", "SIGTERM"]) process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  const { MUTANTS, ONLY } = process.env;
  return MUTANTS ? runMutants(ONLY?.split(","), stop.signal) : playSeeds(readSettings(process.env), stop.signal);
}
