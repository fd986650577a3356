/** The kinds of mapping whose keys the format fixes. */
export type Level = "file" | "workflow" | "step" | "dependency" | "concurrency rule" | "retry rule";

const runsWhenSubmitted = "a pipeline runs when it is submitted, so leave it out";
const noConditions = "there are no conditions here, so test it in `run`";
const noContainers = "steps run on the system of the agent, which `labels:` choose";
const onOtherEnds = "write `depends_on: [{ workflow: NAME, on: failure }]`, or test the condition in `run`";
const inWorkflow = (key: string) => `write \`${key}:\` in the workflow, which is leased and tried again as a whole`;
const inEachWorkflow = (key: string) => `write \`${key}:\` in each workflow`;
const cancelPrevious = "write `concurrency: { group: NAME, when_full: cancel_previous }`";
const maxRetries = "write `max: 3`";
const onEnd = "write `on: failure`";
const asList = "write `steps:` with one `- run: COMMAND` for each";

const everywhere: Record<string, string> = {
  "<<": "write the keys themselves, or alias the whole mapping",
  environment: "write `env: { KEY: value }`",
  variables: "write `env: { KEY: value }`",
  when: noConditions,
  if: noConditions,
  "timeout-minutes": "write `timeout: 10m`",
};

/** How other formats say it (GitHub Actions, Woodpecker, GitLab, Buildkite), and how it is written here. */
const hints: Record<Level, Record<string, string>> = {
  file: {
    jobs: "write `workflows:` with a key for each workflow",
    pipeline: "write `workflows:` with a key for each workflow",
    stages: "write `workflows:` with a key for each workflow, in order by `depends_on`",
    steps: "write `workflows: { build: { steps: [...] } }`",
    on: runsWhenSubmitted,
    when: runsWhenSubmitted,
    "run-name": "write `name: NAME`",
    labels: inEachWorkflow("labels"),
    matrix: inEachWorkflow("matrix"),
    "depends-on": inEachWorkflow("depends_on"),
    concurrency: inEachWorkflow("concurrency"),
    priority: inEachWorkflow("priority"),
    retry: inEachWorkflow("retry"),
    image: noContainers,
    script: asList,
  },
  workflow: {
    "runs-on": "write `labels: { os: linux }`",
    platform: "write `labels: { os: linux }`",
    agents: "write `labels: { os: linux }`",
    tags: "write `labels: { os: linux }`",
    needs: "write `depends_on: [NAME]`",
    dependencies: "write `depends_on: [NAME]`",
    if: onOtherEnds,
    when: onOtherEnds,
    "cancel-in-progress": cancelPrevious,
    interruptible: cancelPrevious,
    "concurrency-group": "write `concurrency: { group: NAME, limit: 2 }`",
    "resource-group": "write `concurrency: NAME`",
    retries: "write `retry: 3`",
    strategy: "write `matrix: { KEY: [VALUE, ...] }`",
    parallel: "write `matrix: { KEY: [VALUE, ...] }`",
    commands: asList,
    command: asList,
    run: asList,
    script: asList,
    uses: asList,
    name: "the name of a workflow is its key under `workflows:`",
    shell: "write `shell: bash` in each step",
    image: noContainers,
    container: noContainers,
  },
  step: {
    commands: "write `run: |` with one command on each line",
    command: "write `run: COMMAND`",
    script: "write `run: |` with one command on each line",
    uses: "write `run: COMMAND`, for there are no actions or plugins",
    with: "write `env: { KEY: value }`, read by the command",
    settings: "write `env: { KEY: value }`, read by the command",
    id: "write `name: NAME`",
    label: "write `name: NAME`",
    key: "write `name: NAME`",
    "working-directory": "write `run: cd FOLDER && COMMAND`",
    directory: "write `run: cd FOLDER && COMMAND`",
    "continue-on-error": "write `run: COMMAND || true`",
    failure: "write `run: COMMAND || true`",
    "depends-on": "write it in the workflow, for steps run in order",
    matrix: "write `matrix:` in the workflow",
    labels: "write `labels:` in the workflow",
    concurrency: inWorkflow("concurrency"),
    priority: inWorkflow("priority"),
    retry: inWorkflow("retry"),
    image: noContainers,
  },
  dependency: {
    name: "write `workflow: NAME`",
    job: "write `workflow: NAME`",
    condition: onEnd,
    status: onEnd,
    if: onEnd,
    when: onEnd,
  },
  "concurrency rule": {
    "cancel-in-progress": "write `when_full: cancel_previous`",
    max: "write `limit: 2`",
  },
  "retry rule": {
    limit: maxRetries,
    attempts: maxRetries,
    "max-attempts": maxRetries,
    when: "write `on: [failed]`",
    automatic: maxRetries,
  },
};

/** What to write instead of a key that other formats have at this level. */
export function hintFor(level: Level, key: string): string | undefined {
  const habit = key.toLowerCase().replaceAll("_", "-");
  return own(hints[level], habit) ?? own(everywhere, habit);
}

function own(table: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
