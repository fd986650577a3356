import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { paint, wantsColour, wantsUnicode } from "./style.ts";

suite("colour", () => {
  const cases: [why: string, env: Record<string, string>, isTty: boolean, noColour: boolean, expected: boolean][] = [
    ["a terminal has colour", {}, true, false, true],
    ["a pipe has none", {}, false, false, false],
    ["--no-color forbids it", {}, true, true, false],
    ["NO_COLOR forbids it", { NO_COLOR: "1" }, true, false, false],
    ["an empty NO_COLOR says nothing", { NO_COLOR: "" }, true, false, true],
    ["TERM=dumb has none", { TERM: "dumb" }, true, false, false],
    ["CLICOLOR=0 forbids it", { CLICOLOR: "0" }, true, false, false],
    ["CLICOLOR_FORCE demands it in a pipe", { CLICOLOR_FORCE: "1" }, false, false, true],
    ["CLICOLOR_FORCE=0 demands nothing", { CLICOLOR_FORCE: "0" }, false, false, false],
    ["NO_COLOR beats CLICOLOR_FORCE", { NO_COLOR: "1", CLICOLOR_FORCE: "1" }, true, false, false],
  ];
  for (const [why, env, isTty, noColour, expected] of cases) {
    test(why, () => assert.equal(wantsColour({ env, isTty, noColour }), expected));
  }

  test("without colour, text stays as it is", () => {
    assert.equal(paint({ colour: false, unicode: true }, "red", "x"), "x");
    assert.equal(paint({ colour: true, unicode: true }, "red", "x"), "\x1b[31mx\x1b[39m");
  });
});

suite("symbols", () => {
  const cases: [env: Record<string, string>, expected: boolean][] = [
    [{}, true],
    [{ LANG: "en_GB.UTF-8" }, true],
    [{ LANG: "C.utf8" }, true],
    [{ LANG: "C" }, false],
    [{ LANG: "en_GB.UTF-8", LC_ALL: "C" }, false],
    [{ TERM: "dumb" }, false],
  ];
  for (const [env, expected] of cases) {
    test(`${JSON.stringify(env)}: ${expected}`, () => assert.equal(wantsUnicode(env), expected));
  }
});
