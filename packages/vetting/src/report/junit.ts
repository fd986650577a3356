import type { StageResult } from "../evaluate.ts";
import { isSkipped, type StageProfile } from "../profile.ts";
import type { ReportInput } from "./input.ts";

/**
 * A run as JUnit XML: one suite for the machine, one case for each stage. What fell short is a failure; what could not be
 * judged, was stopped or has not run is an error, never a failure. The body lists every gate that does not hold. A length
 * of time that is not known is left out.
 */
export function renderJunit(input: ReportInput): string {
  const { run, machine, stages } = input;
  const cases = run.profile.stages.map((stage) => {
    const result = run.results.find((one) => one.stage === stage.name);
    const times = stages.find((one) => one.stage === stage.name);
    return { stage, result, ms: times && times.finishedAtMs - times.startedAtMs };
  });
  const count = (...kinds: Kind[]) => cases.filter((one) => kinds.includes(kindOf(one))).length;
  const numbers = {
    tests: cases.length,
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
  };
  const started = stages[0] && { timestamp: new Date(stages[0].startedAtMs).toISOString() };
  const suite = { name: `vetting of ${machine.name}`, ...numbers, ...started };
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    element("testsuites", { name: `vetting run ${input.runId}`, ...numbers }, [
      element("testsuite", suite, [properties(input), ...cases.map((one) => testCase(run.profile.name, one))]),
    ]),
    "",
  ].join("\n");
}

type Kind = "passed" | "failure" | "error" | "skipped";

interface Case {
  stage: StageProfile;
  /** Absent: the stage has not run. */
  result: StageResult | undefined;
  ms: number | undefined;
}

function kindOf({ result }: Case): Kind {
  if (result === undefined) return "error";
  switch (result.verdict) {
    case "pass":
    case "warn":
      return "passed";
    case "fail":
      return "failure";
    case "skip":
      return "skipped";
    case "error":
    case "canceled":
    case "timed_out":
      return "error";
    default:
      return result.verdict satisfies never;
  }
}

function testCase(profile: string, one: Case): string {
  const time = one.ms === undefined ? {} : { time: (one.ms / 1000).toFixed(3) };
  const attributes = { name: one.stage.name, classname: `vetting.${profile}`, ...time };
  return element("testcase", attributes, [outcome(one)]);
}

function outcome(one: Case): string {
  const reasons = one.result?.reasons ?? ["the stage has not run"];
  const message = reasons[0] ?? one.result?.verdict ?? "";
  const kind = kindOf(one);
  switch (kind) {
    case "passed":
      return reasons.length === 0 ? "" : element("system-out", {}, [escape(`warning: ${reasons.join("\n")}`)]);
    case "skipped":
      return element("skipped", { message: isSkipped(one.stage) ? one.stage.skip : message });
    case "failure":
    case "error":
      return element(kind, { message, type: one.result?.verdict ?? "not_run" }, [escape(body(one))]);
    default:
      return kind satisfies never;
  }
}

/** Every reason, then every gate that does not hold and is not among them, with who should act. */
function body({ result }: Case): string {
  const reasons = result?.reasons ?? ["the stage has not run"];
  const gates = (result?.gates ?? []).filter((gate) => gate.verdict !== "pass" && gate.verdict !== "skip");
  const told = gates.map((gate) => `[${ACTS[gate.verdict] ?? ""}] ${gate.message}`);
  const others = reasons.filter((reason) => !gates.some((gate) => gate.message === reason));
  return [...told, ...others].join("\n");
}

/** What a gate's verdict asks for. */
const ACTS: Readonly<Record<string, string>> = {
  fail: "the hardware fell short",
  warn: "the hardware deserves a look",
  error: "could not be judged: look at the test, not at the hardware",
};

/** Only what is known of the machine. */
function properties({ machine, run, serverVersion, agentVersion }: ReportInput): string {
  const known = {
    profile: run.profile.name,
    vendor: machine.vendor,
    product: machine.product,
    serial: machine.serial,
    system_uuid: machine.systemUuid,
    board_serial: machine.boardSerial,
    macs: machine.macs?.join(" "),
    server: serverVersion,
    agent: agentVersion,
  };
  const listed = Object.entries(known).flatMap(([name, value]) =>
    value ? [element("property", { name, value })] : [],
  );
  return element("properties", {}, listed);
}

/** `children` are XML already. */
function element(name: string, attributes: Record<string, string | number>, children: readonly string[] = []): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(String(value))}"`);
  const inner = children.filter((child) => child !== "").join("\n");
  return inner === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${inner}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

// XML 1.0 has no way to write these, not even escaped; a parser refuses the whole file for one of them.
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(FORBIDDEN, "\ufffd")
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
