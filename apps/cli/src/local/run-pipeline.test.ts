import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { runCrew } from "../run.ts";
import { memoryIo } from "../testing/memory-io.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

interface Given {
  args?: string[];
  env?: Record<string, string>;
  signal?: AbortSignal;
  /** Default: a new folder. */
  cwd?: string;
}

/** Runs a pipeline with `crew run`, in this process but for its steps. */
async function crewRun(t: TestContext, file: object, { args = [], env = {}, signal, ...given }: Given = {}) {
  const cwd = given.cwd ?? (await temporaryFolder(t));
  await writeFile(join(cwd, ".groundcrew.yaml"), JSON.stringify(file));
  const io = { ...memoryIo({ env }), cwd, ...(signal && { signal }) };
  const exitCode = await runCrew(["run", ...args], io);
  // Milliseconds are of no interest: the clock of these tests stands still.
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text().replaceAll(" after 0.0s", "") };
}

const steps = (...runs: (string | object)[]) => ({
  steps: runs.map((run, n) => (typeof run === "string" ? { name: `s${n + 1}`, run } : run)),
});

suite("crew run", () => {
  test("prints the logs of steps, and tells how they end", async (t) => {
    const { exitCode, stdout, stderr } = await crewRun(t, {
      workflows: { a: steps("echo one; echo two >&2", "pwd; ls") },
    });
    assert.equal(exitCode, 0);
    assert.match(stdout, /^a\/s1 \| one$/m);
    assert.match(stdout, /^a\/s2 \| \/.*\/workspace$/m);
    assert.equal(stderr, "a/s1 succeeded\na/s2 succeeded\na succeeded\n");
  });

  test("runs workflows after those they depend on, by how these ended, with what they hand on", async (t) => {
    const { exitCode, stdout, stderr } = await crewRun(t, {
      workflows: {
        "on-success": { depends_on: ["broken"], ...steps("true") },
        "on-failure": { depends_on: [{ workflow: "broken", on: "failure" }], ...steps("echo sad") },
        last: {
          depends_on: ["build", { workflow: "broken", on: "always" }],
          ...steps({ name: "show", run: 'echo "id $ID"', env: { ID: { from: "workflows.build.outputs.id" } } }),
        },
        broken: steps("exit 3"),
        build: steps({ name: "make", run: "echo id=7 >> $GROUNDCREW_OUTPUT", outputs: ["id"] }),
      },
    });
    assert.equal(exitCode, 8);
    assert.match(stdout, /last\/show +\| id 7/);
    assert.deepEqual(stderr.trimEnd().split("\n"), [
      "broken/s1 failed (exit code 3)",
      'broken failed (step "s1" exited with code 3)',
      "on-success skipped (a workflow it depends on did not end as it needs)",
      "on-failure/s1 succeeded",
      "on-failure succeeded",
      "build/make succeeded",
      "build succeeded",
      "last/show succeeded",
      "last succeeded",
    ]);
  });

  const file = {
    workflows: {
      base: steps("echo base"),
      other: steps("echo other"),
      test: { depends_on: "base", matrix: { n: [1, 2] }, ...steps("echo $MATRIX_N", "echo second") },
    },
  };
  const choices: [args: string[], lines: string[]][] = [
    [["--workflow", "base"], ["base"]],
    [
      ["--workflow", "test (n=2)"],
      ["base", "2", "second"],
    ],
    [
      ["--workflow", "test"],
      ["base", "1", "second", "2", "second"],
    ],
    [
      ["--workflow", "test", "--step", "s2"],
      ["second", "second"],
    ],
  ];
  for (const [args, lines] of choices) {
    test(`${args.join(" ")} picks`, async (t) => {
      const { exitCode, stdout } = await crewRun(t, file, { args });
      assert.equal(exitCode, 0);
      assert.deepEqual(
        stdout
          .trimEnd()
          .split("\n")
          .map((line) => line.replace(/^.*\| /, "")),
        lines,
      );
    });
  }

  test("refuses a workflow or a step that is not there, naming those that are", async (t) => {
    const workflow = await crewRun(t, file, { args: ["--workflow", "tets"] });
    assert.equal(workflow.exitCode, 2);
    assert.match(workflow.stderr, /no workflow tets[^]*base, other, test \(n=1\), test \(n=2\)/);
    const step = await crewRun(t, file, { args: ["--step", "s9"] });
    assert.match(step.stderr, /no step s9[^]*one of: s1, s2/);
  });

  test("takes the event, parameters and secrets from its options", async (t) => {
    const { exitCode, stdout, stderr } = await crewRun(
      t,
      {
        workflows: {
          deploy: {
            when: { event: "tag" },
            secrets: ["token", "key"],
            ...steps({
              name: "s",
              run: 'echo "$TO ${#token} ${#key}"',
              env: { TO: { from: "parameters.target + tag" } },
            }),
          },
          nightly: { when: { event: "cron" }, ...steps("true") },
        },
      },
      {
        args: ["--event", "tag", "--tag", "v1", "--param", "target=x-", "--secret", "token=abc", "--secret", "key"],
        env: { key: "12345" },
      },
    );
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, "x-v1 3 5\n");
    assert.match(stderr, /left out: nightly/);
  });

  test("masks secrets in what steps print and in its own words", async (t) => {
    const { stdout } = await crewRun(
      t,
      {
        workflows: {
          a: {
            secrets: ["token"],
            ...steps('printf "<%s>\\n\\n%s" "$token" "$token"', {
              name: "keep",
              run: "true",
              artifacts: { name: "n", paths: ["none-s3cret-text"] },
            }),
          },
        },
      },
      { args: ["--secret", "token=s3cret-text"] },
    );
    assert.deepEqual(stdout.split("\n"), [
      "a/s1   | <***>",
      "a/s1   | ",
      "a/s1   | ***",
      'a/keep | [agent] nothing is named by "none-***"',
      'a/keep | [agent] the artifact "n" is not kept: its paths name no file',
      "",
    ]);
  });

  test("keeps caches from run to run, those of each source folder apart", async (t) => {
    const env = { XDG_CACHE_HOME: await temporaryFolder(t) };
    const cwd = await temporaryFolder(t);
    const keep = { name: "s", run: "cat kept || echo new; echo kept >kept", cache: { key: "'k'", paths: ["kept"] } };
    const run = async (where: string) =>
      (await crewRun(t, { workflows: { a: steps(keep) } }, { env, cwd: where })).stdout;
    assert.match(await run(cwd), /^new$/m);
    assert.match(await run(cwd), /^kept$/m);
    assert.match(await run(await temporaryFolder(t)), /^new$/m);
  });

  test("hands artifacts on from one workflow to the next", async (t) => {
    const { exitCode, stdout, stderr } = await crewRun(t, {
      workflows: {
        make: steps({ name: "s", run: "echo made > file", artifacts: { name: "out", paths: ["file"] } }),
        take: {
          depends_on: "make",
          ...steps({ name: "s", run: "cat in/file", downloads: { artifact: "out", workflow: "make", into: "in" } }),
        },
      },
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /kept artifact "out": 1 file, 5 bytes/);
    assert.match(stdout, /fetched artifact "out" of workflow "make"[^]*made\n$/);
  });

  test("reads secrets from a file, and fails the step whose secret is not there", async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "secrets"), "# mine\ntoken=abc\n");
    const pipeline = { workflows: { a: { secrets: ["token"], ...steps('echo "${#token}"') } } };
    const given = await crewRun(t, pipeline, { args: ["--secrets-file", join(folder, "secrets")] });
    assert.equal(given.stdout, "3\n");
    const missing = await crewRun(t, pipeline);
    assert.equal(missing.exitCode, 8);
    assert.match(missing.stderr, /token: there is no secret token/);
  });

  test("runs a workflow with a checkout in the source as it lies there", async (t) => {
    const { stdout } = await crewRun(t, { workflows: { a: { checkout: true, ...steps("ls -A") } } });
    assert.equal(stdout, ".groundcrew.yaml\n");
  });

  test("Ctrl-C ends the running step; clean-ups still run", async (t) => {
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, "seen"));
    const interrupt = new AbortController();
    const cwd = folder;
    const file = { workflows: { a: steps("echo go; sleep 60", { name: "clean", run: "echo cleaned", always: true }) } };
    await writeFile(join(cwd, "p.yaml"), JSON.stringify(file));
    const io = { ...memoryIo(), cwd, signal: interrupt.signal };
    const write = (data: string | Uint8Array) => {
      io.stdout.write(data);
      if (Buffer.from(data).includes("go")) interrupt.abort();
    };
    const exitCode = await runCrew(["run", "p.yaml"], { ...io, stdout: { ...io.stdout, write } });
    assert.equal(exitCode, 130);
    assert.match(io.stdout.text(), /cleaned/);
    assert.match(io.stderr.text(), /a\/s1 canceled/);
    assert.match(io.stderr.text(), /a canceled \(canceled by you\)/);
  });
});
