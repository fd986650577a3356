import { type CelFunc, celEnv, celFunc, CelScalar, isCelError, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { type Reference, referencesIn } from "./expression-references.ts";
import { wrongInExpression } from "./expression-names.ts";
import { limits } from "./limits.ts";
import { oneLine } from "./show.ts";

/**
 * Expressions are CEL (https://cel.dev): no side effects, no loops but bounded ones, always an end. They decide and
 * compute; what they compute reaches a shell only as a variable.
 */

/** How a step or workflow ended, and what it handed on. */
export interface ExpressionResult {
  /** `success`, `failure`, `canceled` or `skipped`. */
  status: string;
  outputs: Record<string, string>;
}

/** What an expression knows. */
export interface ExpressionScope {
  /** The steps of this workflow that have ended, by name. */
  steps: Record<string, ExpressionResult>;
  /** The workflows that this one depends on, by their key in the file. */
  workflows: Record<string, ExpressionResult>;
  matrix: Record<string, string>;
  event: string;
  branch: string;
  tag: string;
  parameters: Record<string, string>;
  /** How it stands so far: what `success()`, `failure()` and `canceled()` go by. */
  status: "success" | "failure" | "canceled";
  /** Answers `hashFiles(pattern, ...)`. Absent: there are no files here, and who asks for them gets an error. */
  hashFiles?: (patterns: readonly string[]) => string;
}

/** What an expression may be: a map or a list has no text that a variable could carry. */
export type ExpressionValue = string | number | boolean;

/** An expression that has no value: it is none, it asks for what is not there, or mixes what does not mix. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

/** What is wrong with an expression, in one line; undefined where nothing is. Knows the names, not their values. */
export function checkExpression(text: string): string | undefined {
  if (text.length > limits.expressionCharacters)
    return `it has ${text.length} characters, at most ${limits.expressionCharacters} are allowed`;
  const parsed = parsedOf(text);
  return parsed instanceof ExpressionError ? parsed.message : wrongInExpression(parsed.expr);
}

/** What an expression reads of steps, workflows and the matrix; nothing where it is none. */
export function referencesOf(text: string): Reference[] {
  if (text.length > limits.expressionCharacters) return [];
  const parsed = parsedOf(text);
  return parsed instanceof ExpressionError ? [] : referencesIn(parsed.expr);
}

/** The value of an expression. Throws ExpressionError, and nothing else. */
export function evaluateExpression(text: string, scope: ExpressionScope): ExpressionValue {
  const wrong = checkExpression(text);
  if (wrong !== undefined) throw new ExpressionError(wrong);
  const parsed = parsedOf(text);
  if (parsed instanceof ExpressionError) throw parsed;
  const value = attempt(() => plan(celEnv({ funcs: functionsOf(scope) }), parsed)(variablesOf(scope)));
  if (value instanceof ExpressionError) throw value;
  if (isCelError(value)) throw new ExpressionError(oneLine(value.message));
  return plain(value);
}

function plain(value: unknown): ExpressionValue {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new ExpressionError("expected a text, a number, true or false, found a value of several parts or none");
}

/** The newest parsed: a file is checked in several passes, and its aliases repeat what they stand for. */
const parsedTexts = new Map<string, ReturnType<typeof parse> | ExpressionError>();
const PARSED_TEXTS_MAX = 256;

function parsedOf(text: string): ReturnType<typeof parse> | ExpressionError {
  const known = parsedTexts.get(text);
  if (known) return known;
  const parsed = attempt(() => parse(text));
  parsedTexts.set(text, parsed);
  const [oldest] = parsedTexts.keys();
  if (parsedTexts.size > PARSED_TEXTS_MAX && oldest !== undefined) parsedTexts.delete(oldest);
  return parsed;
}

/** The parser tells mistakes, and nesting that is beyond the stack, by throwing. */
function attempt<T>(make: () => T): T | ExpressionError {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return new ExpressionError("it is nested too deeply");
    const message = error instanceof Error ? error.message : String(error);
    const [, column, found] = /^<input>:\d+:(\d+): found (.*?) but expecting /s.exec(message) ?? [];
    return new ExpressionError(
      column === undefined ? oneLine(message) : `not valid CEL at its character ${column}, at ${oneLine(found ?? "")}`,
    );
  }
}

function variablesOf({ steps, workflows, matrix, event, branch, tag, parameters, status }: ExpressionScope) {
  return {
    steps: results(steps),
    workflows: results(workflows),
    matrix: entries(matrix),
    event,
    branch,
    tag,
    parameters: entries(parameters),
    status,
  };
}

/** As maps, whose keys are what was put in: an object also answers to the names of its prototype. */
function entries(texts: Record<string, string>) {
  return new Map(Object.entries(texts));
}

function results(found: Record<string, ExpressionResult>) {
  return new Map(
    Object.entries(found).map(([name, { status, outputs }]) => [
      name,
      new Map<string, string | Map<string, string>>([
        ["status", status],
        ["outputs", entries(outputs)],
      ]),
    ]),
  );
}

/** Of the library's own functions on texts, those whose result is no longer than what they are given. */
const onTexts = strings.filter(({ name }) => /^(?:lowerAscii|upperAscii|trim|substring|indexOf)$/.test(name));

function functionsOf({ status, hashFiles }: ExpressionScope): CelFunc[] {
  const is = (name: string, answer: boolean) => celFunc(name, [], CelScalar.BOOL, () => answer);
  const hash = (...patterns: string[]) => {
    if (!hashFiles) throw new Error("hashFiles() is for steps: there are no files here");
    return hashFiles(patterns);
  };
  const { STRING } = CelScalar;
  return [
    ...onTexts,
    is("success", status === "success"),
    is("failure", status === "failure"),
    is("canceled", status === "canceled"),
    is("always", true),
    celFunc("hashFiles", [STRING], STRING, hash),
    celFunc("hashFiles", [STRING, STRING], STRING, hash),
    celFunc("hashFiles", [STRING, STRING, STRING], STRING, hash),
  ];
}
