import assert from "node:assert/strict";
import { test } from "node:test";
import { Ledger } from "./ledger.ts";

test("a workflow that is granted or ended again counts as delivered twice, however large its id", () => {
  const ledger = new Ledger();
  for (const id of ["1", "2", "1000000"]) {
    ledger.grant(id);
    ledger.end(id);
  }
  assert.equal(ledger.twice, 0);
  ledger.grant("1000000");
  ledger.end("2");
  assert.equal(ledger.twice, 2);
});

test("whoever waits for a count is told when it is reached", async () => {
  const ledger = new Ledger();
  const reached = ledger.until("ended", 2);
  ledger.end("1");
  ledger.end("2");
  await reached;
  await ledger.until("ended", 2);
});

test("whoever waits is told what went wrong instead", async () => {
  const ledger = new Ledger();
  const waiting = ledger.until("granted", 1);
  ledger.fail(new Error("refused"));
  await assert.rejects(waiting, /refused/);
  assert.throws(() => ledger.check(), /refused/);
});
