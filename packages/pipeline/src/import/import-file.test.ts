import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { parse, stringify } from "yaml";
import { checkFiles, importFile } from "../index.ts";

/** What is written of a file, which passes lint, and what is lost of it as `line: message`. */
function imported(path: string, content: string): { written: unknown; lost: string[] } {
  const result = importFile({ path, content });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(checkFiles([{ path, content: result.content }]), []);
  return { written: parse(result.content), lost: result.lost.map(({ line, message }) => `${line}: ${message}`) };
}

type Row = [what: string, theirs: object, ours: object, lost?: RegExp[]];

function prove(
  rows: Row[],
  wrap: (theirs: object) => { path: string; file: object; ours: (part: object) => object },
): void {
  for (const [what, theirs, part, lost = []] of rows) {
    test(what, () => {
      const { path, file, ours } = wrap(theirs);
      const found = imported(path, stringify(file));
      assert.deepEqual(found.written, ours(part));
      assert.equal(found.lost.length, lost.length, found.lost.join("\n"));
      for (const [index, message] of lost.entries()) assert.match(found.lost[index] ?? "", message);
    });
  }
}

const jobOf = (job: object) => ({
  path: "ci.yml",
  file: { on: "workflow_dispatch", jobs: { build: { steps: [{ run: "make" }], ...job } } },
  ours: (part: object) => ({
    workflows: { build: { when: [{ event: "manual" }], steps: [{ run: "make", shell: "bash" }], ...part } },
  }),
});

suite("a job of GitHub Actions:", () =>
  prove(
    [
      ["runs-on of a hosted runner", { "runs-on": "ubuntu-24.04" }, { labels: { os: "linux" } }],
      [
        "runs-on of own runners",
        { "runs-on": ["self-hosted", "linux", "arm64"] },
        { labels: { os: "linux", arch: "arm64" } },
      ],
      ["runs-on that is not known", { "runs-on": "big" }, {}, [/`runs-on` is not carried/]],
      ["timeout-minutes", { "timeout-minutes": 7 }, { timeout: "7m" }],
      [
        "a matrix",
        { strategy: { matrix: { node: [24, 26], exclude: [{ node: 24 }] } } },
        { matrix: { node: ["24", "26"], exclude: [{ node: "24" }] } },
      ],
      ["a matrix that is computed", { strategy: { matrix: "${{ fromJSON(x) }}" } }, {}, [/a matrix that is computed/]],
      [
        "a condition on the branch",
        { if: "github.ref == 'refs/heads/main'" },
        { when: [{ event: "manual", expression: "branch == 'main'" }] },
      ],
      ["a condition on other jobs", { if: "always()" }, {}, [/`if: always\(\)` of a job is not carried/]],
      [
        "concurrency",
        { concurrency: { group: "ci", "cancel-in-progress": true } },
        { concurrency: { group: "ci", when_full: "cancel_previous" } },
      ],
      ["a secret in env", { env: { A: "${{ secrets.TOKEN }}", B: "x" } }, { env: { B: "x" }, secrets: { A: "TOKEN" } }],
      ["services", { services: { db: { image: "postgres" } } }, {}, [/the job has `services:`, which is not carried/]],
    ],
    jobOf,
  ),
);

const stepOf = (step: object) => ({
  path: "ci.yml",
  file: { on: "workflow_dispatch", jobs: { build: { steps: [step] } } },
  ours: (part: object) => ({
    workflows: { build: { when: [{ event: "manual" }], steps: [{ name: "nothing", run: "true" }], ...part } },
  }),
});

suite("a step of GitHub Actions:", () =>
  prove(
    [
      ["actions/checkout", { uses: "actions/checkout@v4" }, { checkout: true }],
      [
        "actions/checkout with settings",
        { uses: "actions/checkout@v4", with: { "fetch-depth": 0, submodules: "recursive" } },
        { checkout: { depth: "0", submodules: true } },
      ],
      ["another action", { uses: "a/b@v1" }, {}, [/`uses: a\/b@v1` is not carried/]],
      [
        "a name, a folder, a timeout",
        { name: "Test: it", run: "make", "working-directory": "web", "timeout-minutes": 1, "continue-on-error": true },
        { steps: [{ name: "Test- it", run: 'cd "web"\nmake', shell: "bash", timeout: "1m", continue_on_error: true }] },
      ],
      [
        "a condition",
        { run: "x", if: "${{ github.event_name == 'schedule' }}" },
        { steps: [{ run: "x", shell: "bash", if: "success() && (event == 'cron')" }] },
      ],
      [
        "a condition on how it stands",
        { run: "x", if: "cancelled()" },
        { steps: [{ run: "x", shell: "bash", if: "canceled()" }] },
      ],
      [
        "what is filled into a command reaches it by a variable",
        { run: 'echo "${{ github.ref_name }}" ${{ secrets.T }}' },
        {
          steps: [
            {
              run: 'echo "${EXPRESSION_1}" ${T}',
              shell: "bash",
              env: { EXPRESSION_1: { from: "branch" } },
              secrets: { T: "T" },
            },
          ],
        },
      ],
      [
        "an output",
        { id: "v", run: 'echo "a=1" >> $GITHUB_OUTPUT' },
        { steps: [{ name: "v", run: 'echo "a=1" >> $GROUNDCREW_OUTPUT', shell: "bash", outputs: ["a"] }] },
      ],
      [
        "a variable that does not exist",
        { run: "echo $GITHUB_ACTOR" },
        { steps: [{ run: "echo $GITHUB_ACTOR", shell: "bash" }] },
        [/GITHUB_ACTOR does not exist/],
      ],
      [
        "an expression that is not ours",
        { run: "x", env: { A: "${{ toJSON(github) }}" } },
        { steps: [{ run: "x", shell: "bash" }] },
        [/the variable A is not carried/],
      ],
    ],
    stepOf,
  ),
);

const woodpecker = (theirs: object) => ({
  path: "sub/.woodpecker.yaml",
  file: { steps: { test: { commands: ["make", "make test"] } }, ...theirs },
  ours: (part: object) => ({
    workflows: { build: { checkout: true, steps: [{ name: "test", run: "make\nmake test\n" }], ...part } },
  }),
});
const test1 = { name: "test", run: "make\n" };

suite("a workflow of Woodpecker:", () =>
  prove(
    [
      [
        "when",
        { when: { event: "push", branch: { exclude: "main" } } },
        { when: [{ event: ["push"], branch: { exclude: ["main"] } }] },
      ],
      [
        "an event that is not there",
        { when: { event: ["push", "deploy"] } },
        { when: [{ event: ["push"] }] },
        [/the event "deploy" is not carried/],
      ],
      [
        "a matrix, whose values have their own names",
        { matrix: { GO: ["1.21"] } },
        { matrix: { GO: ["1.21"] }, env: { GO: { from: 'matrix["GO"]' } } },
      ],
      ["skip_clone", { skip_clone: true }, { checkout: undefined }],
      [
        "an image and variables",
        { steps: [{ name: "test", image: "go", commands: "make", environment: { A: 1, B: { from_secret: "b" } } }] },
        { steps: [{ ...test1, image: "go", env: { A: "1" }, secrets: { B: "b" } }] },
      ],
      [
        "when of a step",
        {
          steps: [
            {
              name: "test",
              commands: "make",
              failure: "ignore",
              when: { event: "tag", status: ["success", "failure"] },
            },
          ],
        },
        { steps: [{ ...test1, if: 'always() && event in ["tag"]', continue_on_error: true }] },
      ],
      [
        "a plugin",
        {
          steps: [
            { name: "test", commands: "make" },
            { image: "plugins/s3", settings: {} },
          ],
        },
        { steps: [test1] },
        [/the step of image plugins\/s3 is not carried/],
      ],
      ["depends_on of other files", { depends_on: ["lint"] }, {}, [/`depends_on:`, which is not carried/]],
    ],
    (theirs) => {
      const wrapped = woodpecker(theirs);
      return { ...wrapped, ours: (part) => JSON.parse(JSON.stringify(wrapped.ours(part))) };
    },
  ),
);

suite("what cannot be imported is a problem with its place:", () => {
  const rows: [what: string, content: string, problem: RegExp][] = [
    ["another format", "build: { script: make }", /^1: expected a workflow of GitHub Actions, which has `jobs`/],
    ["no YAML", "a: [", /^\d: not valid YAML/],
    ["no jobs", "jobs: {}", /^1: what is written of it would be wrong: workflows is missing/],
  ];
  for (const [what, content, problem] of rows) {
    test(what, () => {
      const result = importFile({ path: "ci.yml", content });
      assert.ok(!result.ok);
      assert.match(`${result.problems[0]?.line}: ${result.problems[0]?.message}`, problem);
    });
  }
});

test("whatever the file, what is written passes lint or is refused", () => {
  const key = fc.constantFrom(
    "jobs",
    "steps",
    "run",
    "uses",
    "env",
    "if",
    "on",
    "push",
    "matrix",
    "strategy",
    "when",
    "commands",
    "needs",
    "name",
    "x y",
  );
  const values = [
    fc.constantFrom("make", "${{ matrix.a }}", "${{", "", "true", "actions/checkout@v4", "a b"),
    fc.integer(),
  ];
  const value = fc.anything({ key, maxDepth: 5, maxKeys: 4, values });
  fc.assert(
    fc.property(value, fc.constantFrom("jobs", "steps"), (some, root) => {
      const result = importFile({ path: "ci.yml", content: stringify({ [root]: { a: some } }) });
      if (result.ok) assert.deepEqual(checkFiles([{ path: "ci.yml", content: result.content }]), []);
      else assert.ok(result.problems.length > 0);
    }),
    { numRuns: 60 },
  );
});
