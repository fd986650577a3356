import assert from "node:assert/strict";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Failure } from "../failure.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { readConfig, writeConfig, type Config } from "./config-file.ts";
import { configPath } from "./config-path.ts";

const config: Config = {
  current: "work",
  contexts: {
    local: { url: "http://127.0.0.1:7070", token: "gco_secret" },
    work: { url: "https://ci.example.com:7070", fingerprint: `sha256:${"a".repeat(64)}`, ca: "-----BEGIN\nX\n" },
  },
};

suite("the context file", () => {
  test("is below XDG_CONFIG_HOME, or ~/.config", () => {
    assert.equal(configPath({ env: { XDG_CONFIG_HOME: "/x" }, home: "/h" }), "/x/groundcrew/config.yaml");
    assert.equal(configPath({ env: {}, home: "/h" }), "/h/.config/groundcrew/config.yaml");
  });

  test("comes back as it was written, readable by its owner only", async (t) => {
    const path = join(await temporaryFolder(t), "groundcrew", "config.yaml");
    await writeConfig(path, config);
    assert.deepEqual(readConfig(path), config);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(path, ".."))).mode & 0o777, 0o700);
  });

  test("is replaced whole: nothing else is left beside it, and wide permissions do not survive", async (t) => {
    const folder = await temporaryFolder(t);
    const path = join(folder, "config.yaml");
    await writeFile(path, "contexts: {}\n", { mode: 0o644 });
    await Promise.all([writeConfig(path, config), writeConfig(path, config), writeConfig(path, config)]);
    assert.deepEqual(await readdir(folder), ["config.yaml"]);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  test("that is missing or empty has no contexts", async (t) => {
    const path = join(await temporaryFolder(t), "config.yaml");
    assert.deepEqual(readConfig(path), { contexts: {} });
    await writeFile(path, "");
    assert.deepEqual(readConfig(path), { contexts: {} });
  });

  const broken: [text: string, why: RegExp][] = [
    ["contexts: [", /not valid YAML/],
    ["- a", /expected the keys/],
    ["contexts: 7", /contexts: expected a mapping/],
    ["contexts: {a: {token: gco_secret}}", /contexts\.a: expected a mapping with url/],
    ["contexts: {a: {url: x, token: [gco_secret]}}", /contexts\.a\.token: expected text/],
    ["contexts: {a: {url: x, token: gco_secret", /not valid YAML/],
  ];
  for (const [text, why] of broken) {
    test(`that holds ${text.slice(0, 30)} is refused with the place, without its secrets`, async (t) => {
      const path = join(await temporaryFolder(t), "config.yaml");
      await writeFile(path, text);
      assert.throws(
        () => readConfig(path),
        (error) => {
          assert.ok(error instanceof Failure);
          assert.match(error.why ?? "", why);
          assert.ok(error.message.includes(path));
          assert.ok(!`${error.message}${error.why}${error.next}`.includes("gco_secret"));
          return true;
        },
      );
    });
  }

  test("that cannot be written fails with its path", async (t) => {
    const path = join(await temporaryFolder(t), "config.yaml");
    await mkdir(path);
    await assert.rejects(writeConfig(path, config), /cannot write .*config\.yaml/);
  });
});
