import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { boolean, defineProgram, duration, integer, list, loadProgram, pairs, text } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "settings-"));
after(() => rmSync(folder, { recursive: true }));

const program = defineProgram({
  name: "mill",
  summary: "grinds corn.",
  version: "1.2.3",
  configEnv: "MILL_CONFIG",
  settings: {
    speed: integer({ flag: "--speed <rpm>", env: "MILL_SPEED", description: "Turns a minute.", default: 60, min: 1 }),
    pause: duration({ flag: "--pause <duration>", description: "Rest between sacks.", default: 90_000 }),
    token: text({ flag: "--token <token>", env: "MILL_TOKEN", description: "Opens the door.", secret: true }),
    wet: boolean({ flag: "--wet", env: "MILL_WET", description: "Works in the rain." }),
    labels: pairs({ flag: "--labels <k=v>", env: "MILL_LABELS", description: "Words about it." }),
    serves: list({ flag: "--serves <kinds>", description: "Corn it takes.", default: ["rye"] }),
  },
  commands: [
    {
      name: "clean",
      summary: "Sweeps the floor.",
      settings: { broom: text({ flag: "--broom <name>", description: "Which one.", required: true }) },
    },
  ],
  examples: ["mill --speed 80"],
  exitCodes: { 0: "done", 2: "bad settings" },
});

function run(argv: string, env: Record<string, string> = {}, file?: string) {
  if (file === undefined) return loadProgram(program, { argv: argv.split(" ").filter(Boolean), env });
  writeFileSync(join(folder, "mill.yaml"), file);
  return loadProgram(program, {
    argv: [...argv.split(" ").filter(Boolean), "--config", join(folder, "mill.yaml")],
    env,
  });
}

function errorOf(...given: Parameters<typeof run>): string {
  const loaded = run(...given);
  assert.equal(loaded.kind, "error");
  return loaded.kind === "error" ? loaded.message.replaceAll(folder, "") : "";
}

test("with nothing given, every value is its default", () => {
  assert.deepEqual(run(""), {
    kind: "run",
    command: undefined,
    values: { speed: 60, pause: 90_000, token: undefined, wet: false, labels: {}, serves: ["rye"] },
    sources: {
      speed: "default",
      pause: "default",
      token: "default",
      wet: "default",
      labels: "default",
      serves: "default",
    },
  });
});

suite("a flag wins over the environment, that over the file, that over the default", () => {
  const table: [string, Record<string, string>, string, number, string][] = [
    ["--speed 4", { MILL_SPEED: "3" }, "speed: 2", 4, "flag"],
    ["", { MILL_SPEED: "3" }, "speed: 2", 3, "environment"],
    ["", { MILL_SPEED: "" }, "speed: 2", 2, "file"],
    ["", {}, "speed: null", 60, "default"],
  ];
  for (const [argv, env, file, speed, source] of table) {
    test(source, () => {
      const loaded = run(argv, env, file);
      assert(loaded.kind === "run");
      assert.deepEqual([loaded.values.speed, loaded.sources.speed], [speed, source]);
    });
  }
});

test("values are typed by their definition", () => {
  const loaded = run("");
  assert(loaded.kind === "run" && loaded.command === undefined);
  const speed: number = loaded.values.speed;
  const token: string | undefined = loaded.values.token;
  // @ts-expect-error -- it has no default, so it may be absent
  const certain: string = loaded.values.token;
  assert.deepEqual([speed, token, certain], [60, undefined, undefined]);
});

test("flags: repeated, with an equals sign, bare, and turned off", () => {
  const loaded = run("--labels a=1 --labels b=2,a=3 --speed=7 --speed 8 --wet");
  assert(loaded.kind === "run");
  assert.deepEqual([loaded.values.labels, loaded.values.speed, loaded.values.wet], [{ a: "3", b: "2" }, 8, true]);
  const off = run("--wet=false", { MILL_WET: "1" });
  assert(off.kind === "run");
  assert.equal(off.values.wet, false);
});

test("a file holds texts, numbers, lists and maps, named like the flags", () => {
  const loaded = run(
    "",
    {},
    "speed: 9\nwet: true\nserves: [rye, oats]\nlabels: { os: linux, opts: '-a,-b' }\nbroom: x\n",
  );
  assert(loaded.kind === "run");
  const { speed, wet, serves, labels } = loaded.values;
  assert.deepEqual(
    { speed, wet, serves, labels },
    {
      speed: 9,
      wet: true,
      serves: ["rye", "oats"],
      labels: { os: "linux", opts: "-a,-b" },
    },
  );
});

test("the environment can name the file; an empty file is fine", () => {
  writeFileSync(join(folder, "named.yaml"), "# nothing yet\n");
  assert.equal(run("", { MILL_CONFIG: join(folder, "named.yaml") }).kind, "run");
});

test("a command has settings of its own besides the program's", () => {
  const loaded = run("clean --broom birch --wet");
  assert(loaded.kind === "run" && loaded.command === "clean");
  assert.deepEqual([loaded.values.broom, loaded.values.wet], ["birch", true]);
});

suite("an error names the setting, the value, where it came from and what was expected", () => {
  const table: [Parameters<typeof run>, string][] = [
    [["--speed fast"], `--speed: "fast" from the command line: expected a whole number of at least 1`],
    [
      ["", { MILL_SPEED: "0" }],
      `--speed: "0" from the environment (MILL_SPEED): expected a whole number of at least 1`,
    ],
    [["", {}, "wet: 1\nspeed: [1, 2]"], "--speed: 2 values from /mill.yaml line 2: expected one"],
    [
      ["", {}, "\npause: soon"],
      `--pause: "soon" from /mill.yaml line 2: expected a duration, such as 250ms, 30s, 5m or 2h`,
    ],
    [["", {}, "sped: 1"], `/mill.yaml line 1: there is no setting "sped"`],
    [
      ["", {}, "labels: { a: { b: 1 } }"],
      "/mill.yaml line 1: labels: expected a text, a number, a list or a map of those",
    ],
    [["", {}, "- speed"], "/mill.yaml: expected lines of KEY: VALUE"],
    [["", {}, 'speed: "1'], '/mill.yaml line 1: Missing closing "quote'],
    [
      ["--config /nowhere.yaml"],
      "--config: cannot read /nowhere.yaml: ENOENT: no such file or directory, open '/nowhere.yaml'",
    ],
    [["--sped 1"], "--sped: there is no such flag"],
    [["-x"], "-x: there is no such flag"],
    [["--broom birch"], "--broom: there is no such flag"],
    [["--speed"], "--speed: expected a value after it"],
    [["--token --wet"], "--token: expected a value after it"],
    [["clena"], `"clena": expected one command: clean`],
    [["clean"], "--broom: is required: set the flag --broom <name>"],
  ];
  for (const [given, expected] of table) {
    test(expected, () => assert(errorOf(...given).includes(`\n  ${expected}`), errorOf(...given)));
  }
});

test("all errors come at once", () => {
  assert.equal(
    errorOf("--speed fast --wat", {}, "pause: soon"),
    `mill: 3 settings are wrong
  --wat: there is no such flag
  --speed: "fast" from the command line: expected a whole number of at least 1
  --pause: "soon" from /mill.yaml line 1: expected a duration, such as 250ms, 30s, 5m or 2h
Try \`mill --help\` for what can be set.
`,
  );
});

test("a secret is not repeated in an error", () => {
  const pin = integer({ flag: "--pin <number>", description: "A pin.", secret: true });
  const safe = defineProgram({ name: "safe", summary: "s", version: "1", settings: { pin } });
  const loaded = loadProgram(safe, { argv: ["--pin", "hunter2"], env: {} });
  assert(loaded.kind === "error");
  assert.match(loaded.message, /--pin: a value that is kept secret from the command line: expected a whole number/);
  assert.doesNotMatch(loaded.message, /hunter2/);
});

test("--help teaches, and wins over everything", () => {
  assert.deepEqual(run("--speed fast -h --version"), {
    kind: "help",
    text: `mill: grinds corn.

Usage
  mill [command] [settings]

Commands
  clean  Sweeps the floor.

Settings
  --labels <k=v>      Words about it.
                      [env MILL_LABELS]
  --pause <duration>  Rest between sacks.
                      [default 90s]
  --serves <kinds>    Corn it takes.
                      [default rye]
  --speed <rpm>       Turns a minute.
                      [default 60; env MILL_SPEED]
  --token <token>     Opens the door.
                      [env MILL_TOKEN]
  --wet               Works in the rain.
                      [env MILL_WET]

Settings of clean
  --broom <name>  Which one.
                  [required]

Also
  --config <file>    Read settings from a YAML file: their names without dashes, or MILL_CONFIG
                     A flag wins over the environment, that over the file, that over the default.
  --help, --version  Say so and exit.

Exit codes
  0  done
  2  bad settings

Examples
  mill --speed 80
`,
  });
});

test("--version", () => assert.deepEqual(run("--version"), { kind: "version", text: "mill 1.2.3\n" }));

suite("a definition that cannot work is refused at once", () => {
  const broken: [string, string[], RegExp][] = [
    ["a malformed flag", ["-x"], /malformed flag "-x"/],
    ["one flag twice", ["--x <a>", "--x <b>"], /--x is defined twice/],
    ["a flag that every program has", ["--help"], /--help is defined twice/],
  ];
  for (const [title, flags, expected] of broken) {
    test(title, () => {
      const settings = Object.fromEntries(flags.map((flag, at) => [`x${at}`, text({ flag, description: "x" })]));
      assert.throws(() => defineProgram({ name: "p", summary: "s", version: "1", settings }), expected);
    });
  }
});
