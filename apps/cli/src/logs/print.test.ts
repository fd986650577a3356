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
  texts: (string | Uint8Array | { continued: string })[],
  options: { step?: string; firstLine?: number; stepRunId?: string; stream?: LogStream } = {},
): LogPart {
  const { step = "test", firstLine = 0, stepRunId = "1", stream = LogStream.STDOUT } = options;
  const response = create(TailLogsResponseSchema, {
    stepRunId,
    firstLine,
    workflowName: "build",
    stepRun: { workflowId: "11", epoch: "7", step, try: 1 },
    baseTime: at(0),
    entries: texts.map((line, index) => {
      const continued = typeof line === "object" && "continued" in line;
      const text = Buffer.from((continued ? line.continued : line) as string);
      return { text, continued, atMs: index * 250, stream };
    }),
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

  test("that are stored in pieces come whole", () => {
    assert.equal(print(bare, part([{ continued: "on" }, { continued: "e l" }, "ine", "next"])), "one line\nnext\n");
  });

  test("that show progress are written as the process wrote them", () => {
    assert.equal(print(bare, part([{ continued: "\r1%" }, { continued: "\r2%" }, "\rdone"])), "\r1%\r2%\rdone\n");
  });

  test("that are not finished are ended by those of another output", () => {
    const pieces = [part([{ continued: "a" }]), part(["e"], { stream: LogStream.STDERR }), part(["b"])];
    assert.equal(
      print({ ...bare, prefixWidth: 10 }, ...pieces),
      ["a", "e", "b"].map((text) => `build/test | ${text}\n`).join(""),
    );
  });

  test("that are not finished can be ended", () => {
    const printer = new LogPrinter(bare);
    assert.equal(String(printer.format(part([{ continued: "a" }]))), "a");
    assert.equal(String(printer.end()), "\n");
    assert.equal(String(printer.end()), "");
  });
});

suite("on a terminal", () => {
  const terminal: PrintOptions = { ...bare, terminal: true };

  test("progress replaces what was there", () => {
    const text = print(
      { ...terminal, prefixWidth: 10 },
      part([{ continued: "get\r1%" }, { continued: "\r2%\r3%" }, "\rdone\r"]),
    );
    assert.equal(text, "build/test | 1%\r\x1b[Kbuild/test | 3%\r\x1b[Kbuild/test | done\n");
  });

  test("a long line goes on where it was", () => {
    assert.equal(print(terminal, part([{ continued: "one " }, "line"])), "one line\n");
  });

  test("groups have headings, and their other marks are not shown", () => {
    const lines = ["::group::Install\x07", "x", "::endgroup::", "+++ Test", "^^^ +++", "y"];
    assert.equal(print(terminal, part(lines)), "v Install^G\nx\nv Test\ny\n");
    assert.equal(print(bare, part(["::group::Install", "::endgroup::"])), "::group::Install\n::endgroup::\n");
  });
});
