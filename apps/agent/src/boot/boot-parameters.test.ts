import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { temporaryFolder } from "../testing/test-agent.ts";
import { parseBootParameters, readBootParameters } from "./boot-parameters.ts";

const TOKEN = `gce_${"t".repeat(43)}`;

suite("boot parameters", () => {
  test("are words among the kernel's own; quotes and the last of a name count as they do there", () => {
    const line =
      `BOOT_IMAGE=/vmlinuz root=/dev/ram0 groundcrew.server=https://a:7070 groundcrew.server=https://b:7070 ` +
      `groundcrew.token=${TOKEN} groundcrew.fingerprint=sha256:${"a".repeat(64)} "groundcrew.run=17" quiet\n`;
    const { env, run, mac } = parseBootParameters(`${line} groundcrew.mac=01-52-54-00-AB-34-56`);
    assert.deepEqual(env, {
      GROUNDCREW_AGENT_SERVER: "https://b:7070",
      GROUNDCREW_AGENT_TOKEN: TOKEN,
      GROUNDCREW_AGENT_FINGERPRINT: `sha256:${"a".repeat(64)}`,
      GROUNDCREW_AGENT_SERVES: "vetting",
    });
    assert.deepEqual([run, mac], ["17", "52:54:00:ab:34:56"]);
  });

  test("stand in a file as well, on any number of lines, with comments", async (t) => {
    const file = join(await temporaryFolder(t), "boot");
    await writeFile(
      file,
      `# from the rack's own server\ngroundcrew.server=https://a:1\n\ngroundcrew.mac=52:54:00:12:34:56\n`,
    );
    assert.deepEqual(readBootParameters(file), {
      env: { GROUNDCREW_AGENT_SERVER: "https://a:1" },
      mac: "52:54:00:12:34:56",
    });
    assert.deepEqual(readBootParameters(`${file}-that-is-not-there`), { env: {} });
  });

  const wrong: [text: string, message: RegExp][] = [
    ["groundcrew.run=next", /groundcrew\.run is "next", expected a run's number/],
    ["groundcrew.mac=12:34", /groundcrew\.mac is "12:34"/],
    ["groundcrew.server", /groundcrew\.server has no value/],
    ["groundcrew.tokn=x", /groundcrew\.tokn is unknown; known: groundcrew\.server/],
  ];
  for (const [text, message] of wrong) {
    test(`that are wrong are named: ${text}`, () => assert.throws(() => parseBootParameters(text), message));
  }

  test("of any text are read or refused, and a token is in no message", () => {
    const part = fc.constantFrom("groundcrew.", "server", "token", "run", "mac", "=", '"', " ", "\n", "#", "1", TOKEN);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join("")),
        ),
        (text) => {
          try {
            parseBootParameters(text);
          } catch (error) {
            assert.ok(error instanceof Error);
            assert.match(error.message, /^boot parameter groundcrew\./);
            if (!text.includes(`run=${TOKEN}`)) return;
          }
        },
      ),
    );
  });
});
