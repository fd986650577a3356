import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { execa } from "execa";
import { replayHardware } from "./replay-hardware.ts";
import { extend, loadScenario, parseScenario } from "./scenario.ts";

/** A machine of which only smartctl matters, which answers so. */
async function smartctl(t: TestContext, ...answers: object[]) {
  const scenario = parseScenario({ name: "x", description: "x", tools: { smartctl: answers } });
  const hardware = await replayHardware(t, scenario);
  const run = (...args: string[]) =>
    execa(join(hardware.env.PATH, "smartctl"), args, {
      reject: false,
      timeout: 10_000,
      maxBuffer: 1e9,
      stripFinalNewline: false,
    });
  return { hardware, run };
}

suite("a stand-in", () => {
  test("answers by its arguments, first come first served, and remembers them", async (t) => {
    const { hardware, run } = await smartctl(
      t,
      { when: "-x /dev/sd?", json: { a: 1 }, exit: 4, stderr: "a remark\n" },
      { when: "*", stdout: "other" },
    );
    const { stdout, stderr, exitCode } = await run("-x", "/dev/sda");
    assert.deepEqual([JSON.parse(stdout), stderr, exitCode], [{ a: 1 }, "a remark\n", 4]);
    assert.equal((await run("-x", "/dev/sdaa")).stdout, "other");
    assert.deepEqual(await hardware.calls("smartctl"), ["-x /dev/sda", "-x /dev/sdaa"]);
  });

  test("can answer otherwise the next time", async (t) => {
    const { run } = await smartctl(t, { times: 2, stdout: "before" }, { stdout: "after" });
    const said = [await run(), await run(), await run()].map(({ stdout }) => stdout);
    assert.deepEqual(said, ["before", "before", "after"]);
  });

  test("says so when the scenario has no answer", async (t) => {
    const { exitCode, stderr } = await (await smartctl(t, { when: "-x" })).run("-a");
    assert.deepEqual([exitCode, stderr], [64, "smartctl: the scenario has no answer for: -a\n"]);
  });

  test("writes the files that it is asked for", async (t) => {
    const { hardware, run } = await smartctl(t, { writes: { "--yaml": "took: ${seconds}" } });
    const file = join(hardware.env.GROUNDCREW_SYSTEM_ROOT, "f.yaml");
    await run("--timeout", "4s", "--yaml", file);
    assert.equal(await readFile(file, "utf8"), "took: 4");
  });

  const outputs: [behave: string, what: string, holds: (stdout: string) => boolean][] = [
    ["truncated", "the first part", (stdout) => stdout === "012345"],
    ["garbage", "no text", (stdout) => stdout.includes("\ufffd")],
    ["huge", "more than a pipe or a parser takes", (stdout) => stdout.length > 79_000_000],
  ];
  for (const [behave, what, holds] of outputs) {
    test(`that is ${behave} writes ${what}`, async (t) => {
      const { stdout } = await (await smartctl(t, { stdout: "0123456789", behave })).run();
      assert.ok(holds(stdout));
    });
  }

  const endless: [behave: string, signal: NodeJS.Signals | undefined][] = [
    ["hang", "SIGTERM"],
    ["ignore_term", "SIGKILL"],
  ];
  for (const [behave, signal] of endless) {
    test(`that does ${behave} is ended by ${signal}`, async (t) => {
      const { hardware } = await smartctl(t, { behave, stdout: "started\n" });
      const child = spawn(join(hardware.env.PATH, "smartctl"), { detached: true, stdio: ["ignore", "pipe", "ignore"] });
      const [ended, closed] = [once(child, "exit"), once(child, "close")];
      await once(child.stdout, "data");
      // All of its group: what it runs may not have ended yet.
      process.kill(-(child.pid ?? 0), "SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 100);
      const [, by] = (await ended) as [null, NodeJS.Signals];
      clearTimeout(late);
      // What it started outlives it where TERM is ignored. Once all of them have gone, nobody has its output open.
      if (behave === "ignore_term") process.kill(-(child.pid ?? 0), "SIGKILL");
      await closed;
      assert.equal(by, signal);
    });
  }

  test("can leave a process behind that is not of its group", async (t) => {
    const { hardware, run } = await smartctl(t, { behave: "escape", stdout: "x", delay_ms: 50 });
    await run();
    const pid = await hardware.escaped("smartctl");
    assert.ok(pid !== undefined);
    process.kill(pid, "SIGKILL");
  });
});

suite("a scenario", () => {
  test("of the kit is sound, each of them", async () => {
    const names = (await readdir(new URL("../../scenarios", import.meta.url))).map((name) => name.replace(".yaml", ""));
    assert.ok(names.includes("healthy"));
    for (const name of names) assert.equal((await loadScenario(name)).name, name);
  });

  test("that extends another answers first with its own", async () => {
    const healthy = await loadScenario("healthy");
    const dying = await loadScenario("dying-nvme");
    assert.deepEqual(dying.tools.lscpu, healthy.tools.lscpu);
    assert.equal(dying.tools.smartctl?.length, (healthy.tools.smartctl?.length ?? 0) + 1);
    const without = extend(healthy, { tools: { smartctl: "missing" }, files: {}, links: {} });
    assert.equal(without.tools.smartctl, "missing");
  });

  test("puts up /proc and /sys, with links, below a root of its own; what is missing is not there", async (t) => {
    const { env } = await replayHardware(t, "healthy");
    const root = env.GROUNDCREW_SYSTEM_ROOT;
    assert.equal(await readFile(join(root, "sys/class/hwmon/hwmon0/name"), "utf8"), "coretemp\n");
    assert.match(await readFile(join(root, "proc/meminfo"), "utf8"), /^MemTotal: +32768000 kB\n/);
    assert.ok(!(await readdir(env.PATH)).includes("nvidia-smi"));
  });

  const wrong: [value: object, told: RegExp][] = [
    [{ name: "x" }, /scenario: description: /],
    [{ name: "x", description: "x", tools: { rm: [] } }, /scenario: tools/],
    [{ name: "x", description: "x", tools: { fio: [{ behave: "nicely" }] } }, /scenario: tools\.fio/],
    [{ name: "x", description: "x", files: { "../etc/passwd": "" } }, /scenario: files/],
  ];
  for (const [value, told] of wrong) {
    test(`is refused: ${told.source}`, () => assert.throws(() => parseScenario(value), told));
  }
});
