import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Failure } from "../failure.ts";
import type { Config } from "./config-file.ts";
import { normalUrl, resolveTarget, type Target } from "./target.ts";

const local = { url: "http://127.0.0.1:7070", token: "local-token" };
const work = { url: "https://ci:7070", token: "work-token", fingerprint: "sha256:aa" };
const config: Config = { current: "local", contexts: { local, work } };

interface Case {
  why: string;
  context?: string;
  url?: string;
  env?: Record<string, string>;
  expected: Target;
}

const cases: Case[] = [
  { why: "the current context", expected: { name: "local", ...local } },
  { why: "--context names another", context: "work", expected: { name: "work", ...work } },
  {
    why: "--url of a saved context brings its token and pin",
    url: "https://ci:7070/",
    expected: { name: "work", ...work },
  },
  {
    why: "--url of an unknown server gets nobody's token",
    url: "https://other:1",
    expected: { url: "https://other:1" },
  },
  {
    why: "GROUNDCREW_URL beats the current context",
    env: { GROUNDCREW_URL: "https://ci:7070" },
    expected: { name: "work", ...work },
  },
  {
    why: "a flag beats GROUNDCREW_URL",
    context: "local",
    env: { GROUNDCREW_URL: "https://ci:7070" },
    expected: { name: "local", ...local },
  },
  {
    why: "GROUNDCREW_TOKEN beats the saved token",
    env: { GROUNDCREW_TOKEN: "mine" },
    expected: { name: "local", ...local, token: "mine" },
  },
  {
    why: "the environment alone is enough",
    env: { GROUNDCREW_URL: "https://x:1", GROUNDCREW_TOKEN: "t", GROUNDCREW_FINGERPRINT: "sha256:bb" },
    expected: { url: "https://x:1", token: "t", fingerprint: "sha256:bb" },
  },
];

suite("which server a command talks to", () => {
  for (const { why, context, url, env = {}, expected } of cases) {
    test(why, () => assert.deepEqual(resolveTarget({ config, context, url, env }), expected));
  }

  test("nobody logged in: exit code 3, and how to log in", () => {
    assert.throws(() => resolveTarget({ config: { contexts: {} }, env: {} }), hasCode(3, /crew login/));
  });
  test("an unknown context: exit code 4, and which there are", () => {
    assert.throws(() => resolveTarget({ config, context: "prod", env: {} }), hasCode(4, /local, work/));
  });
  test("a context called __proto__ does not exist", () => {
    assert.throws(() => resolveTarget({ config, context: "__proto__", env: {} }), hasCode(4, /local, work/));
  });
  test("--context and --url exclude each other: exit code 2", () => {
    assert.throws(
      () => resolveTarget({ config, context: "work", url: "http://x", env: {} }),
      hasCode(2, /cannot be used/),
    );
  });
});

function hasCode(exitCode: number, text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.exitCode, exitCode);
    assert.match(`${error.message} ${error.why} ${error.next}`, text);
    return true;
  };
}

suite("a server's address", () => {
  const good: [string, string][] = [
    ["http://127.0.0.1:7070/", "http://127.0.0.1:7070"],
    ["https://CI.example.com:443", "https://ci.example.com"],
    ["http://[::1]:7070", "http://[::1]:7070"],
  ];
  for (const [text, url] of good) test(`${text} is ${url}`, () => assert.equal(normalUrl(text), url));

  for (const text of ["", "ci:7070", "ftp://ci", "https://ci/path", "https://ci/?q=1", "not a url"]) {
    test(`${JSON.stringify(text)} is refused`, () =>
      assert.throws(() => normalUrl(text), hasCode(2, /http:\/\/HOST:PORT/)));
  }
  test("one with a password is refused without repeating it", () => {
    assert.throws(
      () => normalUrl("https://ada:hunter2@ci"),
      (error) => error instanceof Failure && !`${error.message}${error.next}`.includes("hunter2"),
    );
  });
});
