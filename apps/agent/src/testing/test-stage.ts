// A stage for tests. "quick" leaves evidence and ends; "odd" also what is no evidence; "slow" waits to be stopped.
import { mkdirSync, symlinkSync, writeFileSync, writeSync } from "node:fs";

const EVIDENCE_FD = 3;
const stage = process.argv[2];
const parameters = process.env["GROUNDCREW_STAGE_PARAMETERS"];
console.log(`running ${stage}`);
writeSync(EVIDENCE_FD, `${JSON.stringify({ stage, parameters })}\n`);
writeFileSync("raw.txt", "raw output\n".repeat(100_000));
if (stage === "odd") {
  mkdirSync("folder");
  symlinkSync("raw.txt", "link");
  writeFileSync("two words", "");
}
if (stage === "slow") setInterval(() => {}, 1_000_000);
else process.exitCode = 7;
