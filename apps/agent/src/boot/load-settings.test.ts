import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { temporaryFolder } from "../testing/test-agent.ts";
import { loadSettings, misdirected } from "./load-settings.ts";

const TOKEN = `gce_${"t".repeat(43)}`;

async function bootFile(t: TestContext, text: string): Promise<string> {
  const file = join(await temporaryFolder(t), "cmdline");
  await writeFile(file, text);
  return file;
}

suite("the agent's settings from boot parameters", () => {
  test("count where neither a flag nor a variable says otherwise, and before the configuration file", async (t) => {
    const file = await bootFile(
      t,
      `quiet groundcrew.server=https://boot:1 groundcrew.token=${TOKEN} groundcrew.run=17`,
    );
    const config = await bootFile(t, "server: https://file:1\n");
    const env = { GROUNDCREW_AGENT_BOOT_PARAMETERS: file, GROUNDCREW_AGENT_CONFIG: config };
    const loaded = loadSettings({ argv: [], env });
    assert.ok(loaded.kind === "run");
    const { server, token, serves } = loaded.values;
    assert.deepEqual([server, token, serves, loaded.boot.run], ["https://boot:1", TOKEN, "vetting", "17"]);
    const told = loadSettings({ argv: ["--server", "https://flag:1"], env: { ...env, GROUNDCREW_AGENT_TOKEN: "own" } });
    assert.ok(told.kind === "run");
    assert.deepEqual([told.values.server, told.values.token], ["https://flag:1", "own"]);
  });

  for (const flag of [["--boot-parameters"], ["--boot-parameters="]]) {
    test(`are in the file that ${flag[0]} names`, async (t) => {
      const file = await bootFile(t, "groundcrew.server=https://boot:1");
      const argv = flag[0]?.endsWith("=") ? [`${flag[0]}${file}`] : [...flag, file];
      const loaded = loadSettings({ argv, env: {} });
      assert.equal(loaded.kind === "run" && loaded.values.server, "https://boot:1");
    });
  }

  test("that are wrong are an error that names file and parameter, and no token", async (t) => {
    const file = await bootFile(t, `groundcrew.token=${TOKEN} groundcrew.mac=nowhere`);
    const loaded = loadSettings({ argv: ["--boot-parameters", file], env: {} });
    assert.ok(loaded.kind === "error");
    assert.match(loaded.message, /cmdline cannot be used: boot parameter groundcrew\.mac is "nowhere"/);
    assert.doesNotMatch(loaded.message, /gce_/);
  });

  test("for another machine's network card are noticed", async (t) => {
    const net = await temporaryFolder(t);
    await mkdir(join(net, "eth0", "device"), { recursive: true });
    await writeFile(join(net, "eth0", "address"), "52:54:00:12:34:56\n");
    assert.equal(await misdirected({ env: {}, mac: "52:54:00:12:34:56" }, net), undefined);
    assert.equal(await misdirected({ env: {} }, net), undefined);
    const other = await misdirected({ env: {}, mac: "52:54:00:00:00:01" }, net);
    assert.match(other ?? "", /groundcrew\.mac is 52:54:00:00:00:01.*52:54:00:12:34:56/);
  });
});
