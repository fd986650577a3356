import { create } from "@bufbuild/protobuf";
import { BuildPlanSchema, GrantSchema, StepPlanSchema } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { program as agentProgram } from "../../apps/agent/src/settings.ts";
import { stepVariables } from "../../apps/agent/src/workflows/step-variables.ts";
import { serverProgram } from "../../apps/server/src/settings.ts";
import { stepEnvironment } from "../../packages/engine/src/steps/step-environment.ts";
import { planPipeline } from "../../packages/pipeline/src/index.ts";
import { parseProfile } from "../../packages/vetting/src/index.ts";
import { crewFlags, misuseOfCrew } from "./crew-commands.ts";
import { anchorOf, commandsOf, readPages, ROOT, type Page } from "./pages.ts";

// What the pages say is held against the programs themselves. Each check tells everything that is wrong with a page.

const pages = await readPages();
const handwritten = pages.filter(({ path }) => !path.startsWith("docs/reference/"));

const programs = { "groundcrew-server": serverProgram({}), "groundcrew-agent": agentProgram };
const everyProgramHas = ["--config", "--help", "--version"];

function flagsOf({ settings }: { settings: Record<string, { flag: string }> }): string[] {
  return [...Object.values(settings).map(({ flag }) => flag.split(" ")[0] ?? ""), ...everyProgramHas];
}

function check(title: string, problemsOf: (page: Page) => string[], checked = pages): void {
  suite(title, () => {
    for (const page of checked) test(page.path, () => assert.deepEqual(problemsOf(page), []));
  });
}

check("every heading is unique, so that a link to it leads there", ({ headings }) =>
  headings.map(anchorOf).filter((anchor, index, all) => all.indexOf(anchor) !== index),
);

check("every link within the project leads somewhere", ({ path, links }) =>
  links.filter((link) => !/^\w+:/.test(link) && !leadsSomewhere(path, link)),
);

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? from : join(dirname(from), file);
  if (anchor === undefined) return existsSync(join(ROOT, target));
  const page = pages.find(({ path }) => path === target);
  return page?.headings.some((heading) => anchorOf(heading) === anchor) ?? false;
}

check("every file of the project that a page names exists", ({ path, spans }) => {
  const ofTheProject = spans.filter((span) => /^(apps|bin|docs|packages|proto|scripts|test)\/[\w./-]*$/.test(span));
  const ofThePackage = spans.filter((span) => /^src\/[\w./-]+$/.test(span)).map((span) => join(dirname(path), span));
  return [...ofTheProject, ...ofThePackage].filter((file) => !existsSync(join(ROOT, file)));
});

check("every pipeline and every profile is one", ({ path, blocks }) =>
  blocks.filter(({ language }) => language === "yaml").flatMap(({ text }) => mistakesIn(path, text)),
);

function mistakesIn(path: string, content: string): string[] {
  // What ends in an ellipsis shows a part.
  if (content.includes("# …")) return [];
  const result = /^stages:/m.test(content) ? parseProfile({ path, content }) : planPipeline({ path, content });
  return result.ok ? [] : result.problems.map(({ line, message }) => `line ${line} of a block: ${message}`);
}

test("docs/pipelines.md shows the problem that its own example gets", async () => {
  const page = await readFile(join(ROOT, "docs/pipelines.md"), "utf8");
  const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? "";
  const content = example.replace("depends_on: compile", "depends_on: compil");
  const result = planPipeline({ path: "mill.yaml", content });
  const [problem] = result.ok ? [] : result.problems;
  assert.ok(problem);
  assert.ok(page.includes(`${problem.path}:${problem.line}:${problem.column}: ${problem.message}`));
});

check("every crew command has these words and options", (page) => commandsOf(page).flatMap(misuseOfCrew));

check("every make target exists", (page) =>
  commandsOf(page).flatMap((line) => makeTargets(line).filter((target) => !targets.has(target))),
);

const makefile = await readFile(join(ROOT, "Makefile"), "utf8");
const targets = new Set([...makefile.matchAll(/^([a-z]+):/gm)].map(([, target]) => target));

function makeTargets(line: string): string[] {
  return [...line.matchAll(/(?:^|\s)make ((?:[a-z]+ ?)+)/g)].flatMap(([, words = ""]) => words.trim().split(" "));
}

for (const [name, program] of Object.entries(programs)) {
  check(`every ${name} line has its settings`, (page) =>
    commandsOf(page)
      .filter((line) => line.includes(name))
      .flatMap((line) => line.slice(line.indexOf(name)).match(/--[a-z][a-z-]*/g) ?? [])
      .filter((flag) => !flagsOf(program).includes(flag)),
  );
}

check(
  "every flag and variable that is named is somebody's",
  ({ spans }) => {
    const flags = new Set([...crewFlags(), ...Object.values(programs).flatMap(flagsOf)]);
    const named = spans.map((span) => /^(--[a-z][a-z-]*)( [A-Z]+| sha256:HEX)?$/.exec(span)?.[1]);
    const variables = spans.map((span) => /^(GROUNDCREW_(?:SERVER|AGENT)_[A-Z_]+)(=.*)?$/.exec(span)?.[1]);
    return [
      ...named.filter((flag) => flag !== undefined && !flags.has(flag)),
      ...variables.filter((variable) => variable !== undefined && !variableNames().has(variable)),
    ] as string[];
  },
  handwritten.filter(({ path }) => !path.startsWith("packages/")),
);

function variableNames(): Set<string | undefined> {
  const all = Object.values(programs).flatMap(({ settings, configEnv }) => [
    configEnv,
    ...Object.values<{ env?: string }>(settings).map(({ env }) => env),
  ]);
  return new Set(all);
}

test("docs/running-agents.md names every variable that a step finds", () => {
  const page = pages.find(({ path }) => path === "docs/running-agents.md");
  const workspace = { root: "/", directory: "/", home: "/", temporary: "/", outputs: "/" };
  const grant = create(GrantSchema, { name: "", pipelineId: "1", workflowId: "1", attempt: 1 });
  const environment = stepEnvironment({
    plan: create(BuildPlanSchema),
    step: create(StepPlanSchema),
    workspace,
    variables: stepVariables(grant, { agentName: "", stepEnv: {} }),
    scope: () => assert.fail("nothing is computed"),
    outputFile: "/outputs/1",
  });
  assert.deepEqual(
    Object.keys(environment).filter((name) => !page?.spans.includes(name)),
    [],
  );
});

suite("every dependency of a package has a word in its README", () => {
  for (const { path, spans } of pages.filter(({ path }) => /^(apps|packages)\//.test(path))) {
    test(path, async () => {
      const manifest = await readFile(join(ROOT, dirname(path), "package.json"), "utf8");
      const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: Record<string, string> };
      assert.deepEqual(
        Object.keys(dependencies).filter((name) => !spans.includes(name)),
        [],
      );
    });
  }
});

test("there are pages, commands and blocks to check", () => {
  assert.ok(pages.length > 12);
  assert.ok(pages.flatMap(commandsOf).filter((line) => line.includes("crew ")).length > 40);
  assert.ok(pages.flatMap(({ blocks }) => blocks).length > 40);
});
