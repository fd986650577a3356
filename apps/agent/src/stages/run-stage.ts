/**
 * Runs one built-in stage: `run-stage.ts STAGE`, in the folder that shall hold its evidence, with its parameters as a
 * JSON object in GROUNDCREW_STAGE_PARAMETERS (GROUNDCREW_STAGE_OVERRIDES and GROUNDCREW_STAGE_FACTS alike), the folder
 * of a try that was cut short in GROUNDCREW_STAGE_PREVIOUS, 1 in GROUNDCREW_STAGE_DESTRUCTIVE where the agent's settings
 * allow it to destroy data, its record on file descriptor 3 and words for people on stdout and stderr.
 * Exit codes: 0 the stage did its work or said why it could not, 1 it broke, 2 wrong use, 143 stopped by a signal.
 * None of them is a verdict.
 */
import { hostname } from "node:os";
import process from "node:process";
import { OcpWriter, stageFacts, stageOverrides } from "@groundcrew/vetting";
import agent from "../../package.json" with { type: "json" };
import { BUILT_IN_STAGES } from "./built-in.ts";
import { openEvidenceChannel } from "./evidence-channel.ts";
import { ERROR, type Stage, type StageContext, STOPPED } from "./stage.ts";

process.exitCode = await main(process.argv[2] ?? "");

async function main(name: string): Promise<number> {
  const stage = BUILT_IN_STAGES.get(name);
  if (stage === undefined) {
    return misuse(`there is no stage ${JSON.stringify(name)}; known: ${[...BUILT_IN_STAGES.keys()].join(", ")}`);
  }
  const previous = process.env["GROUNDCREW_STAGE_PREVIOUS"];
  try {
    const given = {
      parameters: variable("GROUNDCREW_STAGE_PARAMETERS"),
      overrides: stageOverrides(variable("GROUNDCREW_STAGE_OVERRIDES")),
      facts: stageFacts(variable("GROUNDCREW_STAGE_FACTS")),
      ...(previous !== undefined && { previous }),
      destructive: process.env["GROUNDCREW_STAGE_DESTRUCTIVE"] === "1",
    };
    return await runStage(stage, { ...given, name, write: openEvidenceChannel() });
  } catch (error) {
    return misuse(messageOf(error));
  }
}

interface RunOptions extends Pick<StageContext, "parameters" | "overrides" | "facts" | "previous" | "destructive"> {
  name: string;
  write: (line: string) => void;
}

async function runStage(stage: Stage, { name, write, ...given }: RunOptions): Promise<number> {
  const ocp = new OcpWriter({ write, now: () => new Date() });
  const program = { name, version: agent.version, commandLine: `run-stage ${name}` };
  const context: StageContext = { ...given, ocp, program, signal: stopSignal(), say: console.log };
  try {
    ocp.end(await stage(context));
    return 0;
  } catch (error) {
    return endEarly(context, error);
  }
}

/** Closes the record of a stage that threw: because it was stopped, or because it broke. */
function endEarly({ ocp, program, parameters, signal }: StageContext, error: unknown): number {
  if (!ocp.started) ocp.start({ ...program, parameters, dutInfo: { dutInfoId: hostname() } });
  if (!signal.aborted) ocp.error("stage-broke", messageOf(error));
  ocp.end(signal.aborted ? STOPPED : ERROR);
  console.error(messageOf(signal.aborted ? signal.reason : error));
  return signal.aborted ? 143 : 1;
}

// The listeners stay: execa, seeing none but its own when the signal comes, would end this process at once.
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
}

/** A variable that holds a JSON object. Empty when it is not set. */
function variable(name: string): Record<string, unknown> {
  const text = process.env[name] ?? "{}";
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`${name} is ${text.slice(0, 200)}; a JSON object is expected`);
}

function misuse(message: string): number {
  console.error(`run-stage: ${message}`);
  return 2;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
