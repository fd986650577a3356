import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";
import { address, boolean, choice, duration, integer, list, pairs, text, type Setting } from "./setting.ts";

const named = { flag: "--x <x>", description: "An x." } as const;

suite("each kind of setting reads its own texts", () => {
  const table: [string, Setting<unknown>, Record<string, unknown>][] = [
    ["text", text(named), { "a b": "a b", "-1": "-1" }],
    ["integer", integer({ ...named, min: 1, max: 9 }), { "1": 1, "9": 9 }],
    [
      "duration",
      duration(named),
      { "250ms": 250, "1.5s": 1500, "5m": 300_000, "2h": 7_200_000, "1d": 86_400_000, "0": 0 },
    ],
    ["choice", choice({ ...named, values: ["build", "vetting"] }), { build: "build" }],
    [
      "boolean",
      boolean({ ...named, flag: "--x" }),
      { true: true, yes: true, "1": true, OFF: false, no: false, "0": false },
    ],
    ["list", list(named), { "a, b,,c": ["a", "b", "c"], "": [] }],
    [
      "pairs",
      pairs(named),
      {
        "a=1,b=2": { a: "1", b: "2" },
        "a=": { a: "" },
        "o=-x,-y,b=2": { o: "-x,-y", b: "2" },
        "!gpu=*,1a=2": { "!gpu": "*", "1a": "2" },
      },
    ],
    ["address", address(named), { "[::1]:0": { host: "::1", port: 0 }, "db.lan:5432": { host: "db.lan", port: 5432 } }],
  ];
  for (const [kind, setting, examples] of table) {
    for (const [given, expected] of Object.entries(examples)) {
      test(`${kind}: "${given}"`, () => assert.deepEqual(setting.parse(given), expected));
    }
  }
});

suite("each kind of setting says what it expected", () => {
  const table: [Setting<unknown>, string, RegExp][] = [
    [text(named), "", /expected some text/],
    [integer({ ...named, min: 1, max: 9 }), "10", /^Error: expected a whole number from 1 to 9$/],
    [integer({ ...named, min: 1 }), "0", /^Error: expected a whole number of at least 1$/],
    [integer({ ...named, max: 9 }), "1e1", /^Error: expected a whole number of at most 9$/],
    [integer(named), "1.5", /^Error: expected a whole number$/],
    [duration(named), "30", /expected a duration, such as 250ms, 30s, 5m or 2h/],
    [duration(named), "-1s", /expected a duration/],
    [duration({ ...named, minMs: 1000 }), "999ms", /expected at least 1s/],
    [duration({ ...named, maxMs: 60_000 }), "2m", /expected at most 1m/],
    [choice({ ...named, values: ["a", "b", "c"] }), "d", /expected a, b or c/],
    [boolean({ ...named, flag: "--x" }), "maybe", /expected true or false/],
    [pairs(named), "os", /expected KEY=VALUE, such as os=linux/],
    [address(named), "localhost", /expected HOST:PORT, such as 127.0.0.1:7070/],
    [address(named), "localhost:65536", /expected HOST:PORT/],
    [address(named), "::1:80", /expected HOST:PORT/],
  ];
  for (const [setting, given, expected] of table) {
    test(`"${given}": ${expected.source}`, () => assert.throws(() => setting.parse(given), expected));
  }
});

test("a duration reads back as it was written", () => {
  fc.assert(fc.property(fc.nat(10_000_000_000), (ms) => parseDuration(formatDuration(ms)) === ms));
});

test("pairs read back as they were written, one at a time", () => {
  const key = fc.stringMatching(/^[A-Za-z_][\w.-]{0,8}$/);
  const value = fc.string().filter((one) => !one.includes("="));
  fc.assert(fc.property(key, value, (k, v) => assert.deepEqual(pairs(named).parse(`${k}=${v}`), { [k]: v })));
});
