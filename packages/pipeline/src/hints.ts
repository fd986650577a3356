import type { Level } from "./levels.ts";

const startsBy = "write `when: { event: push, branch: main }` in each workflow";
const condition = "write `if: EXPRESSION`, such as `if: failure()`";
const noContainers =
  "steps run on the system of the agent, which `labels:` choose; a step of a container backend has `image:`";
const noIncludes =
  "there are no includes: put the workflows into files of the folder .groundcrew/, which are one pipeline";
const inWorkflow = (key: string) => `write \`${key}:\` in the workflow, which is leased as a whole`;
const inEachWorkflow = (key: string) => `write \`${key}:\` in each workflow`;
const cancelPrevious = "write `concurrency: { group: NAME, when_full: cancel_previous }`";
const maxRetries = "write `max: 3`";
const onEnd = "write `on: failure`";
const asList = "write `steps:` with one `- run: COMMAND` for each";
const inFull = "write `when: { event: push, branch: main }`";
const asService = "write a step with `run: COMMAND` and `service: { port: 5432 }`";
const readyWhen = "write `run: COMMAND`, which exits with 0 when it is ready";
const keyOfCache = 'write `key: EXPRESSION`, such as `key: \'"npm-" + hashFiles("package-lock.json")\'`';

const everywhere: Record<string, string> = {
  "<<": "write the keys themselves, or alias the whole mapping",
  environment: "write `env: { KEY: value }`",
  variables: "write `env: { KEY: value }`",
  "timeout-minutes": "write `timeout: 10m`",
  include: noIncludes,
  extends: noIncludes,
};

/** How other formats say it (GitHub Actions, Woodpecker, GitLab, Buildkite), and how it is written here. */
const hints: Partial<Record<Level, Record<string, string>>> = {
  file: {
    jobs: "write `workflows:` with a key for each workflow",
    pipeline: "write `workflows:` with a key for each workflow",
    stages: "write `workflows:` with a key for each workflow, in order by `depends_on`",
    steps: "write `workflows: { build: { steps: [...] } }`",
    on: startsBy,
    when: startsBy,
    "run-name": "write `name: NAME`",
    labels: inEachWorkflow("labels"),
    matrix: inEachWorkflow("matrix"),
    "depends-on": inEachWorkflow("depends_on"),
    concurrency: inEachWorkflow("concurrency"),
    priority: inEachWorkflow("priority"),
    retry: inEachWorkflow("retry"),
    secrets: inEachWorkflow("secrets"),
    clone: "write `checkout: true` in each workflow",
    workspace: "each workflow has a workspace of its own: leave it out",
    "skip-clone": "nothing is fetched without `checkout: true`: leave it out",
    services: asService,
    image: noContainers,
    script: asList,
    permissions: "an agent's grants decide what it may run: leave it out",
    defaults: "write `shell:` in each step",
  },
  workflow: {
    "runs-on": "write `labels: { os: linux }`",
    platform: "write `labels: { os: linux }`",
    agents: "write `labels: { os: linux }`",
    tags: "write `labels: { os: linux }`",
    needs: "write `depends_on: [NAME]`",
    dependencies: "write `depends_on: [NAME]`",
    if: "write `when: { expression: EXPRESSION }`, or `depends_on: [{ workflow: NAME, on: failure }]`",
    on: inFull,
    only: inFull,
    except: "write `when: { branch: { exclude: [NAME] } }`",
    rules: inFull,
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
    stage: "write `depends_on: [NAME]`",
    name: "the name of a workflow is its key under `workflows:`",
    shell: "write `shell: bash` in each step",
    services: asService,
    outputs: "write `outputs: [NAME]` in the step that has them",
    artifacts: "write `artifacts:` in the step that makes them",
    cache: "write `cache:` in the step that needs it",
    clone: "write `checkout: true`",
    environment: "write `env: { KEY: value }`, or `approval: true` where somebody must allow it",
    image: noContainers,
    container: noContainers,
  },
  condition: {
    evaluate: "write `expression: EXPRESSION`",
    if: "write `expression: EXPRESSION`",
    branches: "write `branch: [NAME]`",
    "branches-ignore": "write `branch: { exclude: [NAME] }`",
    tags: "write `tag: [NAME]`",
    paths: "write `path: [PATTERN]`",
    "paths-ignore": "write `path: { exclude: [PATTERN] }`",
    events: "write `event: push`",
    ref: "write `branch: NAME` or `tag: NAME`",
    schedule: "write `event: cron`",
    status: "write `if: failure()` in the step, or `depends_on: [{ workflow: NAME, on: failure }]`",
    matrix: 'write `expression: matrix.KEY == "VALUE"`',
  },
  step: {
    commands: "write `run: |` with one command on each line",
    command: "write `run: COMMAND`",
    script: "write `run: |` with one command on each line",
    uses: "write `run: COMMAND`, for there are no actions or plugins; for actions/checkout, `checkout: true` in the workflow",
    with: "write `env: { KEY: value }`, read by the command",
    settings: "write `env: { KEY: value }`, read by the command",
    when: condition,
    id: "write `name: NAME`",
    label: "write `name: NAME`",
    key: "write `name: NAME`",
    "working-directory": "write `run: cd FOLDER && COMMAND`",
    directory: "write `run: cd FOLDER && COMMAND`",
    failure: "write `continue_on_error: true`, or `if: always()`",
    "allow-failure": "write `continue_on_error: true`",
    "soft-fail": "write `continue_on_error: true`",
    "after-script": "write a step of its own with `always: true`",
    detach: "write `service: true`",
    ports: "write `service: { port: 5432 }`",
    "artifact-paths": "write `artifacts: { name: NAME, paths: [PATH] }`",
    "depends-on": "write it in the workflow: steps run in order, or side by side in an item `parallel: [...]`",
    parallel: "write `- parallel: [...]` as an item of its own",
    group: "write `- parallel: [...]`",
    matrix: "write `matrix:` in the workflow",
    labels: inWorkflow("labels"),
    concurrency: inWorkflow("concurrency"),
    priority: inWorkflow("priority"),
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
  "retry rule of a step": { limit: maxRetries, attempts: maxRetries, "max-attempts": maxRetries },
  checkout: { "fetch-depth": "write `depth: 0`", recursive: "write `submodules: true`" },
  service: { ports: "write `port: 5432`", ready: readyWhen, healthcheck: readyWhen, image: noContainers },
  artifact: {
    path: "write `paths: [PATH]`",
    "if-no-files-found": "an artifact without files is noted in the log: leave it out",
  },
  download: { name: "write `artifact: NAME`", path: "write `into: FOLDER`", job: "write `workflow: NAME`" },
  "cache rule": {
    path: "write `paths: [PATH]`",
    files: keyOfCache,
    "restore-keys": "write `restore_keys: [EXPRESSION]`",
  },
};

/** What to write instead of a key that other formats have at this level. */
export function hintFor(level: Level, key: string): string | undefined {
  const habit = key.toLowerCase().replaceAll("_", "-");
  return own(hints[level] ?? {}, habit) ?? own(everywhere, habit);
}

function own(table: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
