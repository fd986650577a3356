import { asCount, asObject, asObjects, asText } from "../../parsers/json.ts";
import { type Capture, metric, unreadable } from "../capture.ts";
import { jsonDocuments } from "../json-documents.ts";
import { type DiagWarning, isSetUp, isTrivialHeat } from "./dcgm-errors.ts";

type Fields = Record<string, unknown>;

/** DCGM 2 and 3 name it so, and later ones the other. */
const ROOTS = ["DCGM Diagnostic", "DCGM GPU Diagnostic"];

/** One answer of one test, on one GPU or on the whole. */
interface DiagResult {
  test: string;
  category: string;
  status: string;
  warnings: DiagWarning[];
}

/** The diagnostic in a text, if there is one. */
function diagnosticOf(text: string): Fields | undefined {
  const roots = jsonDocuments(text).flatMap((document) => ROOTS.map((name) => asObject(document[name])));
  return roots.findLast((root) => root !== undefined);
}

/** True for what `dcgmi diag -j` writes. */
export function isDcgm(text: string): boolean {
  return ROOTS.some((name) => text.includes(`"${name}"`));
}

/**
 * Reads `dcgmi diag -r N -j`, of DCGM 2 to 4. A test that failed because something was not set up says nothing about the
 * GPU, and neither does a thermal violation that lasted no time.
 */
export function readDcgm(text: string): Capture {
  const diagnostic = diagnosticOf(text);
  if (!diagnostic) return unreadable("this is not the JSON that `dcgmi diag -j` writes, or it is cut off");
  const results = asObjects(diagnostic["test_categories"]).flatMap(resultsOf);
  const broke = asText(diagnostic["runtime_error"]);
  const failed = results.filter(({ status }) => status === "fail");
  const heat = failed.filter(({ warnings }) => warnings.length > 0 && warnings.every(isTrivialHeat));
  const setUp = failed.filter((result) => !heat.includes(result) && isSetUp(result));
  const count = (wanted: string): number => results.filter(({ status }) => status === wanted).length;
  return {
    measurements: [
      ...metric("gpu.diag_passed", count("pass")),
      ...metric("gpu.diag_failed", failed.length - heat.length - setUp.length),
      ...metric("gpu.diag_not_set_up", setUp.length),
      ...metric("gpu.diag_warned", count("warn") + heat.length),
      ...metric("gpu.diag_skipped", count("skip")),
    ],
    problems: [
      ...(broke === undefined ? [] : [`dcgmi: ${broke}`]),
      ...(results.length === 0 ? ["it holds no result of a test"] : []),
      ...results.filter(({ status }) => !STATUSES.has(status)).map(({ test, status }) => `test ${test}: ${status}`),
    ],
    notes: results.flatMap(said),
  };
}

const STATUSES = new Set(["pass", "fail", "warn", "skip", "not run"]);

function said({ test, status, warnings }: DiagResult): string[] {
  return status === "pass" || status === "skip" ? [] : warnings.map(({ text }) => `${test}: ${text}`);
}

function resultsOf(category: Fields): DiagResult[] {
  const name = asText(category["category"]) ?? "";
  return asObjects(category["tests"]).flatMap((test) => testResults(test, name));
}

/** Per GPU; and the summary, where no GPU's answer is as grave as it. */
function testResults(test: Fields, category: string): DiagResult[] {
  const name = asText(test["name"]) ?? "a test";
  const resultOf = (fields: Fields): DiagResult[] => {
    const status = asText(fields["status"])?.toLowerCase();
    if (status === undefined) return [];
    return [{ test: name, category, status, warnings: warningsOf(fields["warnings"] ?? fields["warning"]) }];
  };
  const each = asObjects(test["results"]).flatMap(resultOf);
  const summary = resultOf(asObject(test["test_summary"]) ?? {});
  return [...each, ...summary.filter(({ status }) => !each.some((result) => result.status === status))];
}

function warningsOf(value: unknown): DiagWarning[] {
  const text = asText(value);
  if (text !== undefined) return [{ text }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown): DiagWarning[] => {
    const plain = asText(each);
    if (plain !== undefined) return [{ text: plain }];
    const fields = asObject(each);
    const [category, severity] = [asCount(fields?.["error_category"]), asCount(fields?.["error_severity"])];
    const words = asText(fields?.["warning"]) ?? "no reason given";
    return [{ text: words, ...(category !== undefined && { category }), ...(severity !== undefined && { severity }) }];
  });
}
