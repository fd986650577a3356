import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { campaign, resign } from "./election.ts";

const LEASE_MS = 60_000;

suite("the maintenance", () => {
  test("is one replica's, which keeps it under the same term for as long as it renews", async (t) => {
    const { a, b } = await replicas(t);
    assert.equal(await campaign(a, LEASE_MS), "1");
    assert.equal(await campaign(b, LEASE_MS), undefined);
    assert.equal(await campaign(a, LEASE_MS), "1");
    assert.equal(await campaign(b, LEASE_MS), undefined);
  });

  test("goes to exactly one of those who ask at once", async (t) => {
    const { a } = await replicas(t);
    const all = Array.from({ length: 8 }, (_, index) => ({ ...a, replica: `r${index}` }));
    const terms = await Promise.all(all.map((each) => campaign(each, LEASE_MS)));
    assert.deepEqual(
      terms.filter((term) => term !== undefined),
      ["1"],
    );
  });

  test("goes to another replica, under a new term, when its lease has run out", async (t) => {
    const { a, b } = await replicas(t);
    await campaign(a, LEASE_MS);
    await leaseRunsOut(a);
    assert.equal(await campaign(b, LEASE_MS), "2");
    assert.equal(await campaign(a, LEASE_MS), undefined, "who had it hears that it has not");
  });

  test("starts a new term even for the one that had it, once the lease has run out", async (t) => {
    const { a } = await replicas(t);
    await campaign(a, LEASE_MS);
    await leaseRunsOut(a);
    assert.equal(await campaign(a, LEASE_MS), "2");
  });

  test("is free as soon as its replica leaves it, and not because another one does", async (t) => {
    const { a, b } = await replicas(t);
    await campaign(a, LEASE_MS);
    await resign(b);
    assert.equal(await campaign(b, LEASE_MS), undefined);
    await resign(a);
    assert.equal(await campaign(b, LEASE_MS), "2");
  });
});

async function replicas(t: Parameters<typeof testContext>[0]): Promise<{ a: ServerContext; b: ServerContext }> {
  const context = await testContext(t);
  return { a: { ...context, replica: "a" }, b: { ...context, replica: "b" } };
}

async function leaseRunsOut({ db }: ServerContext): Promise<void> {
  await sql`update maintenance set until = now()`.execute(db);
}
