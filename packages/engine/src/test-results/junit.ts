import { SaxesParser, type SaxesTagPlain } from "saxes";
import { noCounts, TestResultsBuilder, type FailedTest, type TestResults, type TestSuite } from "./test-results.ts";

const MAX_DEPTH = 64;
const MAX_NAME_CHARS = 300;
const MAX_MESSAGE_CHARS = 500;
const MAX_OUTPUT_CHARS = 1_000;
const MAX_OUTPUT_LINES = 10;

// What XML 1.0 does not allow, but test programs write: colours, above all.
// oxlint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

/**
 * Reads a JUnit file, given in pieces: that of surefire, pytest, jest-junit, gotestsum and their like. What counts are
 * its test cases, not the sums that it claims. There are no entities but XML's own five. Throws an Error that says where
 * when it is not such a file, or not whole.
 */
export async function parseJunit(parts: AsyncIterable<string>): Promise<TestResults> {
  const reader = new JunitReader();
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => reader.open(tag));
  parser.on("text", (text) => reader.text(text));
  parser.on("cdata", (text) => reader.text(text));
  parser.on("closetag", () => reader.close());
  for await (const part of parts) parser.write(part.replaceAll(NOT_XML, "\uFFFD"));
  parser.close();
  return reader.end();
}

type Attributes = SaxesTagPlain["attributes"];

/** A test case as far as it was read. */
interface OpenCase extends FailedTest {
  ended: "passed" | "skipped" | FailedTest["kind"];
  text: string;
}

class JunitReader {
  readonly #results = new TestResultsBuilder();
  readonly #path: string[] = [];
  readonly #suites: (TestSuite & { claimedMs: number | undefined })[] = [];
  #case: OpenCase | undefined;

  open({ name, attributes }: SaxesTagPlain): void {
    if (this.#path.length === 0 && name !== "testsuites" && name !== "testsuite") {
      throw new Error(`its root is <${name}>, expected <testsuites> or <testsuite>`);
    }
    if (this.#path.push(name) > MAX_DEPTH) throw new Error(`it is nested deeper than ${MAX_DEPTH} elements`);
    if (name === "testsuite") this.#openSuite(attributes);
    else if (name === "testcase") this.#openCase(attributes);
    else if (this.#case && this.#path.at(-2) === "testcase") this.#outcome(this.#case, name, attributes);
  }

  text(text: string): void {
    const open = this.#case;
    const isAbout = this.#path.at(-1) === "failure" || this.#path.at(-1) === "error";
    if (open && isAbout && open.text.length < MAX_OUTPUT_CHARS * 2) open.text += text.slice(0, MAX_OUTPUT_CHARS * 2);
  }

  close(): void {
    const name = this.#path.pop();
    if (name === "testcase") this.#closeCase();
    else if (name === "testsuite") this.#closeSuite();
  }

  end(): TestResults {
    return this.#results.build();
  }

  #openSuite(attributes: Attributes): void {
    const claimedMs = attributes["time"] === undefined ? undefined : durationOf(attributes);
    this.#suites.push({ ...noCounts(), name: cut(attributes["name"] ?? "", MAX_NAME_CHARS), claimedMs });
  }

  // Suites that only hold other suites have nothing of their own to tell.
  #closeSuite(): void {
    const { claimedMs, ...suite } = this.#suites.pop() ?? { ...noCounts(), name: "", claimedMs: undefined };
    if (suite.tests > 0) this.#results.addSuite({ ...suite, durationMs: claimedMs ?? suite.durationMs });
  }

  #openCase(attributes: Attributes): void {
    const suite = attributes["classname"] || this.#suites.at(-1)?.name || "";
    this.#case = {
      suite: cut(suite, MAX_NAME_CHARS),
      name: cut(attributes["name"] ?? "", MAX_NAME_CHARS),
      durationMs: durationOf(attributes),
      kind: "failure",
      message: "",
      output: "",
      text: "",
      ended: "passed",
    };
  }

  // Of surefire's repeated tries (flakyFailure, rerunFailure, ...) the last one counts, which is in these.
  #outcome(open: OpenCase, name: string, attributes: Attributes): void {
    if (name === "skipped") open.ended = "skipped";
    if ((name !== "failure" && name !== "error") || open.ended === "failure" || open.ended === "error") return;
    open.ended = name;
    open.kind = name;
    open.message = attributes["message"] || attributes["type"] || "";
  }

  #closeCase(): void {
    const [open, suite] = [this.#case, this.#suites.at(-1)];
    this.#case = undefined;
    if (!open || !suite) return;
    const { ended, text, ...test } = open;
    suite.tests += 1;
    suite.durationMs += test.durationMs;
    if (ended === "skipped") suite.skipped += 1;
    this.#results.addDuration({ suite: test.suite, name: test.name, durationMs: test.durationMs });
    if (ended !== "failure" && ended !== "error") return;
    suite[ended === "failure" ? "failures" : "errors"] += 1;
    const output = firstLines(text);
    const message = cut(firstLine(test.message) || firstLine(output), MAX_MESSAGE_CHARS);
    this.#results.addFailed({ ...test, message, output });
  }
}

// Seconds; surefire puts commas between thousands.
function durationOf(attributes: Attributes): number {
  const seconds = Number((attributes["time"] ?? "0").replaceAll(",", ""));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(Math.round(seconds * 1000), 2 ** 31 - 1) : 0;
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}

function firstLines(text: string): string {
  const lines = text.trim().split("\n").slice(0, MAX_OUTPUT_LINES);
  return cut(lines.join("\n"), MAX_OUTPUT_CHARS);
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`;
}
