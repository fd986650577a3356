// A stage for tests. "quick" leaves evidence and ends; "odd" also what is no evidence; "slow" waits to be stopped, unless it goes on with what an earlier try left; "token" tells a secret.
import { mkdirSync, readdirSync, symlinkSync, writeFileSync, writeSync } from "node:fs";

const EVIDENCE_FD = 3;
const stage = process.argv[2];
const parameters = process.env["GROUNDCREW_STAGE_PARAMETERS"];
console.log(`running ${stage}`);
const previous = process.env["GROUNDCREW_STAGE_PREVIOUS"];
writeSync(EVIDENCE_FD, `${JSON.stringify({ stage, parameters, previous: previous && readdirSync(previous) })}\n`);
if (stage === "token") {
  console.log(`the token is gce_${"e".repeat(43)}`);
  writeFileSync("cmdline.txt", `groundcrew.token=gce_${"e".repeat(43)} quiet\n`);
}
writeFileSync("raw.txt", "raw output\n".repeat(100_000));
if (stage === "odd") {
  mkdirSync("folder");
  symlinkSync("raw.txt", "link");
  writeFileSync("two words", "");
}
if (stage === "slow" && previous === undefined) setInterval(() => {}, 1_000_000);
else process.exitCode = 7;
