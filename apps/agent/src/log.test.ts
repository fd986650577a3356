import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createLog } from "./log.ts";

function logTo(isTTY: boolean) {
  const lines: string[] = [];
  const agentLog = createLog({ level: "info", sink: { isTTY, write: (line) => lines.push(line) } });
  return { ...agentLog, lines };
}

suite("the agent's own log", () => {
  test("is JSON with ids on every line, or short lines on a terminal", () => {
    const machine = logTo(false);
    machine.log.child({ workflowId: "7" }).info("started");
    assert.partialDeepStrictEqual(JSON.parse(machine.lines[0] ?? ""), { msg: "started", workflowId: "7", level: 30 });
    const person = logTo(true);
    person.log.child({ workflowId: "7" }).warn({ step: "test" }, "slow");
    assert.match(person.lines[0] ?? "", /^\d\d:\d\d:\d\d WARN  slow workflowId=7 step=test\n$/);
  });

  test("says who writes on every line, from whichever part of the agent, and each id once", () => {
    const { log, identify, lines } = logTo(false);
    const part = log.child({ workflowId: "7" });
    identify({ agent: "builder" });
    identify({ agent: "builder", agentId: "a1", generation: "2" });
    part.info("started");
    log.info("draining");
    for (const line of lines) {
      assert.partialDeepStrictEqual(JSON.parse(line), { agent: "builder", agentId: "a1", generation: "2" });
      assert.equal(line.split('"agent"').length, 2);
    }
  });

  test("never holds a token, wherever it came from", () => {
    const { log, takeRecent, lines } = logTo(false);
    log.error(`refused gca_${"x".repeat(43)} and gce_${"-".repeat(43)}`);
    assert.match(lines[0] ?? "", /refused gca_\[redacted\] and gce_\[redacted\]/);
    assert.doesNotMatch(takeRecent()[0] ?? "", /xxx/);
  });

  test("keeps its newest 50 lines for the next health report, and gives each once", () => {
    const { log, takeRecent } = logTo(false);
    for (let line = 1; line <= 60; line++) log.info(`line ${line}`);
    const recent = takeRecent();
    assert.equal(recent.length, 50);
    assert.match(recent[0] ?? "", /line 11/);
    assert.deepEqual(takeRecent(), []);
  });
});
