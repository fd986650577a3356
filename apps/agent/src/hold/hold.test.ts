import assert from "node:assert/strict";
import { chmod, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { FakeServer } from "../testing/fake-server.ts";
import { startAgent, temporaryFolder } from "../testing/test-agent.ts";
import { authorize } from "./authorized-keys.ts";

const KEY = "ssh-ed25519 AAAAkey groundcrew-hold-7";
const OWN = "ssh-ed25519 AAAAown ada@desk";

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

suite("the key to a held machine", () => {
  test("is added once beside the others, and removed without a trace; 0700 and 0600", async (t) => {
    const folder = join(await temporaryFolder(t), ".ssh");
    const file = join(folder, "authorized_keys");
    await authorize(file, KEY);
    await authorize(file, KEY);
    assert.equal(await readFile(file, "utf8"), `${KEY}\n`);
    assert.deepEqual([await modeOf(folder), await modeOf(file)], ["700", "600"]);
    await writeFile(file, `${OWN}\n${KEY}`);
    await authorize(file, "ssh-ed25519 AAAAnext groundcrew-hold-8");
    assert.equal(
      await readFile(file, "utf8"),
      `${OWN}\nssh-ed25519 AAAAnext groundcrew-hold-8\n`,
      "the last run's is gone",
    );
    await authorize(file, undefined);
    assert.equal(await readFile(file, "utf8"), `${OWN}\n`);
  });

  test("leaves a file alone that it has no part in", async (t) => {
    const folder = await temporaryFolder(t);
    const file = join(folder, "authorized_keys");
    await authorize(file, undefined);
    await assert.rejects(stat(file), /ENOENT/);
    await writeFile(file, `${OWN}\n\n# groundcrew-hold-7 is no key\n`);
    await chmod(file, 0o644);
    const before = await stat(file);
    await authorize(file, undefined);
    assert.deepEqual([(await stat(file)).ino, await modeOf(file)], [before.ino, "644"]);
  });

  test("goes through no link, and is one marked line", async (t) => {
    const folder = await temporaryFolder(t);
    const file = join(folder, "authorized_keys");
    await symlink(join(folder, "elsewhere"), file);
    await assert.rejects(authorize(file, KEY), /not a regular file/);
    const plain = join(folder, "plain");
    for (const key of [OWN, `${KEY}\n${OWN}`, `${OWN}\n${KEY}`])
      await assert.rejects(authorize(plain, key), /marked line/);
    await mkdir(join(folder, "folder"));
    await assert.rejects(authorize(join(folder, "folder"), KEY), /not a regular file/);
  });

  test("is there while the server says so, for the next process as well", async (t) => {
    const server = await FakeServer.start(t);
    const folder = await temporaryFolder(t);
    const options = { serves: "vetting", stateDirectory: folder, authorizedKeys: join(folder, "keys") } as const;
    const keys = () => readFile(options.authorizedKeys, "utf8").catch(() => "");
    const heard = async () => {
      const reports = server.healthReports.length;
      await server.until(() => server.healthReports.length > reports + 2);
    };
    server.hold = { workflowId: "7", reason: "memory: fail", sshPublicKey: KEY };
    const first = await startAgent(t, server, options);
    await heard();
    assert.equal(await keys(), `${KEY}\n`);
    first.agent.stop();
    await first.ended;
    assert.equal(await keys(), `${KEY}\n`, "the machine is held all the same");
    server.hold = undefined;
    const { logged } = await startAgent(t, server, options);
    await heard();
    assert.equal(await keys(), "");
    assert.equal(first.logged.filter((line) => line.includes("the machine is held")).length, 1);
    assert.ok(logged.every((line) => !line.includes("AAAAkey")));
  });
});
