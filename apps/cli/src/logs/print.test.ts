import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { LogStream, TailLogsResponseSchema } from "@groundcrew/proto";
import { plainStyle } from "../terminal/style.ts";
import { at, START_MS } from "../testing/fixtures.ts";
import { LogPrinter, type PrintOptions } from "./print.ts";
import { newPart, type LogPart } from "./tail.ts";

const bare: PrintOptions = { timestamps: false, terminal: false, style: plainStyle };

function part(
  texts: (string | Uint8Array)[],
  options: { step?: string; firstLine?: number; stepRunId?: string; stream?: LogStream } = {},
): LogPart {
  const { step = "test", firstLine = 0, stepRunId = "1", stream = LogStream.STDOUT } = options;
  const response = create(TailLogsResponseSchema, {
    stepRunId,
    firstLine,
    workflowName: "build",
    stepRun: { workflowId: "11", epoch: "7", step, try: 1 },
    baseTime: at(0),
    entries: texts.map((text, index) => ({ text: Buffer.from(text as string), atMs: index * 250, stream })),
  });
  return newPart(response, 0);
}

const print = (options: PrintOptions, ...parts: LogPart[]): string => {
  const printer = new LogPrinter(options);
  return Buffer.concat(parts.map((each) => printer.format(each))).toString("latin1");
};

suite("log lines", () => {
  test("of one step run come bare, byte for byte", () => {
    assert.equal(print(bare, part(["a", "\x1b[31mred\r", Uint8Array.of(0xff, 0)])), "a\n\x1b[31mred\r\n\xff\0\n");
  });

  test("of several say where they come from", () => {
    const text = print({ ...bare, prefixWidth: 12 }, part(["a", "b"]), part(["c"], { step: "lint", stepRunId: "2" }));
    assert.equal(text, "build/test   | a\nbuild/test   | b\nbuild/lint   | c\n");
  });

  test("carry their time when asked", () => {
    assert.equal(new Date(START_MS).toISOString(), "2026-11-21T12:00:00.000Z");
    const text = print({ ...bare, timestamps: true }, part(["a", "b"]));
    assert.equal(text, "2026-11-21T12:00:00.000Z a\n2026-11-21T12:00:00.250Z b\n");
  });

  test("show a gap where it is", () => {
    assert.equal(print(bare, part(["x"], { firstLine: 12 })), "--- 12 lines lost ---\nx\n");
  });

  test("show where a step was run again", () => {
    assert.equal(print(bare, part(["a"]), part(["a"], { stepRunId: "2" })), "a\n--- runs again ---\na\n");
  });

  test("of the agent itself are marked", () => {
    assert.equal(print(bare, part(["killed"], { stream: LogStream.AGENT })), "[agent] killed\n");
  });

  test("cannot command a terminal", () => {
    const text = print({ ...bare, terminal: true }, part(["\x1b]0;owned\x07\x1b[31mred"]));
    assert.equal(text, "^[]0;owned^Gred\n");
  });
});
