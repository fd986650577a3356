/** What the test programs of a step reported. */
export interface TestResults extends TestCounts {
  /** In the order of the files and within them; at most {@link MAX_SUITES}. */
  suites: TestSuite[];
  /** Tests that failed, in the same order; at most {@link MAX_FAILED}. */
  failed: FailedTest[];
  /** The slowest tests, slowest first; at most {@link MAX_SLOWEST}. */
  slowest: SlowTest[];
  /** There were more suites or failures than are listed. The counts are of all. */
  truncated: boolean;
}

/** How many tests there were, and how they ended. */
export interface TestCounts {
  /** All of them, skipped ones included. */
  tests: number;
  /** An assertion did not hold. */
  failures: number;
  /** It ended in some other way than it should. */
  errors: number;
  skipped: number;
  durationMs: number;
}

/** One suite, as its file names it. */
export interface TestSuite extends TestCounts {
  name: string;
}

/** A test that did not pass. */
export interface FailedTest {
  /** Its class, package or module; the suite's name where the file gives none. */
  suite: string;
  name: string;
  kind: "failure" | "error";
  /** One line. */
  message: string;
  /** The first lines of what is said about it, such as a stack. */
  output: string;
  durationMs: number;
}

/** How long a test took. */
export type SlowTest = Pick<FailedTest, "suite" | "name" | "durationMs">;

/** Suites that are listed. */
const MAX_SUITES = 1_000;

/** Failures that are listed. */
const MAX_FAILED = 1_000;

/** Slowest tests that are listed. */
const MAX_SLOWEST = 20;

/** What lists take together, in characters: a report to the server must stay far below what a message may carry. */
const MAX_LISTED_CHARS = 512 * 1024;

/** No results. */
export function noCounts(): TestCounts {
  return { tests: 0, failures: 0, errors: 0, skipped: 0, durationMs: 0 };
}

/** Adds counts to others. */
function addCounts(to: TestCounts, more: TestCounts): void {
  to.tests += more.tests;
  to.failures += more.failures;
  to.errors += more.errors;
  to.skipped += more.skipped;
  to.durationMs += more.durationMs;
}

/** Collects results within their bounds. */
export class TestResultsBuilder {
  readonly #results: TestResults = { ...noCounts(), suites: [], failed: [], slowest: [], truncated: false };
  #chars = 0;

  addSuite(suite: TestSuite): void {
    addCounts(this.#results, suite);
    this.#list(this.#results.suites, suite, MAX_SUITES);
  }

  addFailed(test: FailedTest): void {
    this.#list(this.#results.failed, test, MAX_FAILED);
  }

  addDuration(test: SlowTest): void {
    const { slowest } = this.#results;
    const place = slowest.findIndex(({ durationMs }) => durationMs < test.durationMs);
    if (test.durationMs === 0 || (place === -1 && slowest.length === MAX_SLOWEST)) return;
    slowest.splice(place === -1 ? slowest.length : place, 0, test);
    slowest.length = Math.min(slowest.length, MAX_SLOWEST);
  }

  /** Adds what another has collected. */
  addAll(more: TestResults): void {
    more.suites.forEach((suite) => this.#list(this.#results.suites, suite, MAX_SUITES));
    more.failed.forEach((test) => this.addFailed(test));
    more.slowest.forEach((test) => this.addDuration(test));
    addCounts(this.#results, more);
    this.#results.truncated ||= more.truncated;
  }

  build(): TestResults {
    return this.#results;
  }

  #list<T extends object>(list: T[], item: T, max: number): void {
    this.#chars += JSON.stringify(item).length;
    if (list.length < max && this.#chars <= MAX_LISTED_CHARS) list.push(item);
    else this.#results.truncated = true;
  }
}
