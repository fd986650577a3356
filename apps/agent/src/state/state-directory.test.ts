import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { identifyProcess, removeTree } from "@groundcrew/engine";
import { ExitCode, FatalError } from "../exit.ts";
import { Credentials, defaultName } from "./credentials.ts";
import { openStateDirectory } from "./state-directory.ts";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "state-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function badSettings(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof FatalError);
    assert.equal(error.exitCode, ExitCode.BAD_SETTINGS);
    assert.match(error.message, message);
    return true;
  };
}

suite("the lock on a state directory", () => {
  test("keeps a second agent out until the first lets go", async (t) => {
    const path = await folder(t);
    const first = await openStateDirectory(path);
    await assert.rejects(openStateDirectory(path), badSettings(/another agent .* runs on the state directory/));
    await first.close();
    await (await openStateDirectory(path)).close();
    assert.deepEqual(
      (await readdir(path)).filter((name) => name.includes("lock")),
      [],
    );
  });

  const dead: [name: string, lock: string][] = [
    ["a process that is gone", JSON.stringify({ pid: 2 ** 22 + 1, startTicks: "1" })],
    ["a process whose id another has now", JSON.stringify({ ...identifyProcess(process.pid), startTicks: "1" })],
    ["a process that died while it was written", "{"],
  ];
  for (const [name, lock] of dead) {
    test(`is taken over from ${name}`, async (t) => {
      const path = await folder(t);
      await writeFile(join(path, "agent.lock"), lock);
      await (await openStateDirectory(path)).close();
    });
  }
});

suite("an agent's credential", () => {
  const server = "http://127.0.0.1:7070";

  test("is the enrolment token first and its own for ever after, for its user's eyes only", async (t) => {
    const file = join(await folder(t), "identity.json");
    const first = await Credentials.load({ file, server, name: "a", token: "gce_x" });
    assert.equal(first.token, "gce_x");
    await first.enrolled({ agentId: "id", credential: "gca_y" });
    assert.equal(first.token, "gca_y");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const later = await Credentials.load({ file, server, token: "gce_another" });
    assert.deepEqual([later.token, later.name], ["gca_y", "a"]);
  });

  test("is asked for when there is none, and refused when it is another's", async (t) => {
    const file = join(await folder(t), "identity.json");
    await assert.rejects(Credentials.load({ file, server }), badSettings(/crew agents enroll/));
    await (await Credentials.load({ file, server, name: "a", token: "t" })).enrolled({ agentId: "i", credential: "c" });
    await assert.rejects(Credentials.load({ file, server: "https://other:1" }), badSettings(/belongs to .* of http:/));
    await assert.rejects(Credentials.load({ file, server, name: "b" }), badSettings(/belongs to agent "a"/));
    await writeFile(file, "{}");
    await assert.rejects(Credentials.load({ file, server }), badSettings(/server is missing/));
  });

  const names: [host: string, name: string][] = [
    ["Rack-7.example.org", "rack-7.example.org"],
    ["_build host", "build-host"],
    ["日本", "agent"],
  ];
  for (const [host, name] of names) {
    test(`host ${host} is called ${name}`, () => assert.equal(defaultName(host), name));
  }
});

test("a folder that a step made read-only is deleted all the same", async (t) => {
  const path = join(await folder(t), "cache");
  await mkdir(join(path, "module"), { recursive: true });
  await writeFile(join(path, "module/file"), "");
  await chmod(join(path, "module"), 0o500);
  await removeTree(path);
  await assert.rejects(stat(path), { code: "ENOENT" });
});
