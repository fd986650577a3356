import assert from "node:assert/strict";

/**
 * The rules of OCP Test & Validation output 2.0, written from its text and JSON Schemas a second time and independently
 * of what writes the records: for each object its fields, those it needs, and what each may hold. Then what schemas
 * cannot say: numbering, the order of starts and ends, ids that must have been declared, and which status goes with which
 * result. Throws on the first line that breaks one.
 */
export function checkOcpRules(text: string): void {
  assert.ok(text.endsWith("\n"), "the last line has an end");
  const lines = text.trimEnd().split("\n");
  const state: State = { steps: new Map(), series: new Map(), hardware: new Set(), software: new Set(), ended: false };
  for (const [number, line] of lines.entries()) {
    try {
      checkRecord(JSON.parse(line) as Fields, number, state);
    } catch (error) {
      throw new Error(`line ${number + 1}: ${String(error)}: ${line.slice(0, 300)}`, { cause: error });
    }
  }
  assert.ok(state.ended, "there is a testRunEnd");
  assert.ok(
    [...state.steps.values()].every((step) => step === "ended"),
    "every step has an end",
  );
}

type Fields = Record<string, unknown>;
type Rule = (value: unknown) => void;
interface State {
  steps: Map<string, "open" | "ended">;
  series: Map<string, number | "ended">;
  hardware: Set<unknown>;
  software: Set<unknown>;
  ended: boolean;
}

const text: Rule = (value) => assert.equal(typeof value, "string");
const flag: Rule = (value) => assert.equal(typeof value, "boolean");
const count: Rule = (value) => assert.ok(Number.isInteger(value) && Number(value) >= 0, `${String(value)} is a count`);
const scalar: Rule = (value) => assert.match(typeof value, /^(string|boolean|number)$/);
const moment: Rule = (value) =>
  assert.match(String(value), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
const object: Rule = (value) => assert.ok(typeof value === "object" && value !== null && !Array.isArray(value));
const oneOf =
  (...names: string[]): Rule =>
  (value) =>
    assert.ok(names.includes(String(value)), String(value));
const listOf =
  (rule: Rule): Rule =>
  (value) => {
    assert.ok(Array.isArray(value));
    value.forEach(rule);
  };
/** An object of these fields and no others; those with a "!" must be there. */
const fields =
  (rules: Record<string, Rule>): Rule =>
  (value) => {
    object(value);
    const known = Object.entries(rules).map(
      ([name, rule]) => [name.replace("!", ""), rule, name.endsWith("!")] as const,
    );
    for (const name of Object.keys(value as Fields))
      assert.ok(
        known.some(([one]) => one === name),
        `no field ${name}`,
      );
    for (const [name, rule, needed] of known) {
      const found = (value as Fields)[name];
      if (found === undefined) assert.ok(!needed, `${name} is missing`);
      else rule(found);
    }
  };

const source = fields({ "file!": text, "line!": count });
const part = fields({
  "name!": text,
  type: oneOf("UNSPECIFIED", "ASIC", "ASIC-SUBSYSTEM", "BUS", "FUNCTION", "CONNECTOR"),
  location: text,
  version: text,
  revision: text,
});
const validator = fields({
  "type!": oneOf(
    "EQUAL",
    "NOT_EQUAL",
    "LESS_THAN",
    "LESS_THAN_OR_EQUAL",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL",
    "REGEX_MATCH",
    "REGEX_NO_MATCH",
    "IN_SET",
    "NOT_IN_SET",
  ),
  "value!": scalar,
  name: text,
  metadata: object,
});
const about = { hardwareInfoId: text, subcomponent: part };
const measured = { unit: text, validators: listOf(validator), ...about, metadata: object };
const status = oneOf("COMPLETE", "ERROR", "SKIP");
const log = fields({
  "severity!": oneOf("INFO", "DEBUG", "WARNING", "ERROR", "FATAL"),
  "message!": text,
  sourceLocation: source,
});
const error = fields({ "symptom!": text, message: text, softwareInfoIds: listOf(text), sourceLocation: source });
const dutInfo = fields({
  "dutInfoId!": text,
  name: text,
  platformInfos: listOf(fields({ "info!": text })),
  softwareInfos: listOf(
    fields({
      "softwareInfoId!": text,
      "name!": text,
      version: text,
      revision: text,
      softwareType: oneOf("UNSPECIFIED", "FIRMWARE", "SYSTEM", "APPLICATION"),
      computerSystem: text,
    }),
  ),
  hardwareInfos: listOf(
    fields({
      "hardwareInfoId!": text,
      "name!": text,
      ...Object.fromEntries(
        ["version", "revision", "location", "serialNumber", "partNumber", "partType", "manufacturer"].map((f) => [
          f,
          text,
        ]),
      ),
      manufacturerPartNumber: text,
      odataId: text,
      computerSystem: text,
      manager: text,
    }),
  ),
  metadata: object,
});

const RUN_ARTIFACTS: Record<string, Rule> = {
  testRunStart: fields({
    "name!": text,
    "version!": text,
    "commandLine!": text,
    "parameters!": object,
    "dutInfo!": dutInfo,
    metadata: object,
  }),
  testRunEnd: fields({ "status!": status, "result!": oneOf("PASS", "FAIL", "NOT_APPLICABLE") }),
  log,
  error,
};

const STEP_ARTIFACTS: Record<string, Rule> = {
  testStepStart: fields({ "name!": text }),
  testStepEnd: fields({ "status!": status }),
  measurement: fields({ "name!": text, "value!": scalar, ...measured }),
  measurementSeriesStart: fields({ "name!": text, "measurementSeriesId!": text, ...measured }),
  measurementSeriesElement: fields({
    "index!": count,
    "value!": scalar,
    "timestamp!": moment,
    "measurementSeriesId!": text,
    metadata: object,
  }),
  measurementSeriesEnd: fields({ "measurementSeriesId!": text, "totalCount!": count }),
  diagnosis: fields({
    "verdict!": text,
    "type!": oneOf("PASS", "FAIL", "UNKNOWN"),
    message: text,
    ...about,
    sourceLocation: source,
  }),
  error,
  log,
  file: fields({ "displayName!": text, "uri!": text, "isSnapshot!": flag, contentType: text, metadata: object }),
  extension: fields({ "name!": text, "content!": object }),
};

function checkRecord(record: Fields, number: number, state: State): void {
  const { sequenceNumber, timestamp, ...artifact } = record;
  assert.equal(sequenceNumber, number, "numbered one after the other");
  moment(timestamp);
  assert.ok(!state.ended, "nothing follows testRunEnd");
  if (number === 0)
    return fields({ "schemaVersion!": fields({ "major!": oneOf("2"), "minor!": oneOf("0") }) })(artifact);
  const [[kind, content], ...more] = Object.entries(artifact) as [[string, Fields]];
  assert.equal(more.length, 0, "one artifact a line");
  if (number === 1) assert.ok(content["testRunStart"], "the second line starts the run");
  if (kind === "testRunArtifact") return checkRun(content, number, state);
  assert.equal(kind, "testStepArtifact");
  checkStep(content, state);
}

function checkRun(artifact: Fields, number: number, state: State): void {
  const [[kind, content], ...more] = Object.entries(artifact) as [[string, Fields]];
  assert.equal(more.length, 0);
  RUN_ARTIFACTS[kind]?.(content);
  assert.ok(RUN_ARTIFACTS[kind], `there is no testRunArtifact ${kind}`);
  if (kind === "testRunStart") {
    assert.equal(number, 1, "a run starts once");
    const { hardwareInfos = [], softwareInfos = [] } = content["dutInfo"] as Record<string, Fields[]>;
    for (const one of hardwareInfos) declare(state.hardware, one["hardwareInfoId"]);
    for (const one of softwareInfos) declare(state.software, one["softwareInfoId"]);
  }
  if (kind !== "testRunEnd") return;
  state.ended = true;
  const pair = `${String(content["status"])} ${String(content["result"])}`;
  oneOf("COMPLETE PASS", "COMPLETE FAIL", "ERROR NOT_APPLICABLE", "SKIP NOT_APPLICABLE")(pair);
}

function declare(known: Set<unknown>, id: unknown): void {
  assert.ok(!known.has(id), `${String(id)} is declared once`);
  known.add(id);
}

function checkStep({ testStepId, ...artifact }: Fields, state: State): void {
  text(testStepId);
  const [[kind, content], ...more] = Object.entries(artifact) as [[string, Fields]];
  assert.equal(more.length, 0);
  assert.ok(STEP_ARTIFACTS[kind], `there is no testStepArtifact ${kind}`);
  STEP_ARTIFACTS[kind](content);
  const id = String(testStepId);
  if (kind === "testStepStart") {
    assert.ok(!state.steps.has(id), "a step starts once");
    return void state.steps.set(id, "open");
  }
  assert.equal(state.steps.get(id), "open", "the step was started and has not ended");
  if (kind === "testStepEnd") state.steps.set(id, "ended");
  if (content["hardwareInfoId"] !== undefined) assert.ok(state.hardware.has(content["hardwareInfoId"]), "is declared");
  for (const one of (content["softwareInfoIds"] as unknown[] | undefined) ?? []) assert.ok(state.software.has(one));
  checkSeries(kind, content, state);
}

function checkSeries(kind: string, content: Fields, { series }: State): void {
  const id = String(content["measurementSeriesId"]);
  if (kind === "measurementSeriesStart") {
    assert.ok(!series.has(id), "a series starts once in a run");
    series.set(id, 0);
  }
  if (kind === "measurementSeriesElement") {
    assert.equal(series.get(id), content["index"], "elements follow one another");
    series.set(id, Number(content["index"]) + 1);
  }
  if (kind === "measurementSeriesEnd") {
    assert.equal(series.get(id), content["totalCount"], "all elements are counted");
    series.set(id, "ended");
  }
}
