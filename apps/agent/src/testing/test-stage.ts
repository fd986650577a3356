// A stage for tests. "quick" leaves evidence and ends; "slow" leaves evidence and waits to be stopped.
import { writeFileSync, writeSync } from "node:fs";

const EVIDENCE_FD = 3;
const stage = process.argv[2];
const parameters = process.env["GROUNDCREW_STAGE_PARAMETERS"];
console.log(`running ${stage}`);
writeSync(EVIDENCE_FD, `${JSON.stringify({ stage, parameters })}\n`);
writeFileSync("raw.txt", "raw output\n".repeat(100_000));
if (stage === "slow") setInterval(() => {}, 1_000_000);
else process.exitCode = 7;
