import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { visible, visibleLog } from "./visible.ts";

suite("a name or message cannot command the terminal", () => {
  const cases: [text: string, expected: string][] = [
    ["plain ✓ 日本", "plain ✓ 日本"],
    ["\x1b[2J", "^[[2J"],
    ["a\nb\tc", "a^Jb^Ic"],
    ["\u009b31m", "<U+009B>31m"],
    ["\u202egnp.exe", "<U+202E>gnp.exe"],
    ["\x7f", "^?"],
  ];
  for (const [text, expected] of cases) test(JSON.stringify(text), () => assert.equal(visible(text), expected));
});

suite("a log line keeps its tabs and colours, and nothing else", () => {
  const cases: [text: string, colour: boolean, expected: string][] = [
    ["a\tb", true, "a\tb"],
    ["\x1b[1;31mred", true, "\x1b[1;31mred\x1b[0m"],
    ["\x1b[1;31mred", false, "red"],
    ["\x1b]0;title\x07", true, "^[]0;title^G"],
    ["\x1b[2J\x1b[32mok", true, "^[[2J\x1b[32mok\x1b[0m"],
    ["10%\r20%", true, "10%^M20%"],
    ["from Windows\r", true, "from Windows"],
  ];
  for (const [text, colour, expected] of cases) {
    test(`${JSON.stringify(text)}${colour ? "" : " without colour"}`, () =>
      assert.equal(visibleLog(Buffer.from(text), colour), expected));
  }

  test("bytes that are no text become replacement characters", () => {
    assert.equal(visibleLog(Uint8Array.of(0x61, 0xff, 0x9b), true), "a\ufffd\ufffd");
  });
});
