import { WorkflowState, type Pipeline } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, startOne } from "../testing/fleet.ts";
import { submit } from "../testing/pipeline.ts";
import { cancelPipeline } from "./cancel.ts";
import { watchPipeline } from "./watch.ts";

/** Longer than any test: a watch that hangs fails it. */
const deadline = () => AbortSignal.timeout(20_000);

async function next(watch: AsyncGenerator<Pipeline>): Promise<Pipeline> {
  const { value } = await watch.next();
  assert.ok(value, "the watch ended");
  return value as Pipeline;
}

suite("a watched pipeline", () => {
  test("is shown as it is, then whenever it changed, and last as it ended", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await submit(context, { a: {} });
    const watch = watchPipeline(context, id, deadline());
    assert.equal((await next(watch)).state, WorkflowState.QUEUED);
    const lease = await startOne(context, agent);
    assert.equal((await next(watch)).workflows[0]?.state, WorkflowState.RUNNING);
    await done(context, agent, lease);
    assert.equal((await next(watch)).state, WorkflowState.SUCCEEDED);
    assert.ok((await watch.next()).done);
  });

  test("is shown once when it has ended already", async (t) => {
    const context = await testContext(t);
    const { id } = await submit(context, { a: {} });
    await cancelPipeline(context, id, "alice");
    const shown = await Array.fromAsync(watchPipeline(context, id, deadline()));
    assert.deepEqual(
      shown.map(({ state }) => state),
      [WorkflowState.CANCELED],
    );
  });

  test("is not shown again when nothing changed", async (t) => {
    const context = await testContext(t);
    const { id } = await submit(context, { a: {} });
    const watch = watchPipeline(context, id, deadline());
    await next(watch);
    const following = next(watch);
    context.hints.publish(`pipeline:${id}`);
    await cancelPipeline(context, id, "alice");
    assert.equal((await following).state, WorkflowState.CANCELED);
  });

  test("gathers changes that come close together", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await submit(context, Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`w${n}`, {}])));
    const watch = watchPipeline(context, id, deadline());
    await next(watch);
    for (let n = 0; n < 10; n++) await done(context, agent, await startOne(context, agent));
    const shown = await Array.fromAsync(watch);
    assert.equal(shown.at(-1)?.endedCount, 10);
    assert.ok(shown.length < 10, `${shown.length} snapshots of 30 changes`);
  });

  test("ends with UNAVAILABLE when the server stops", async (t) => {
    const context = await testContext(t);
    const stopping = new AbortController();
    const { id } = await submit(context, { a: {} });
    const watch = watchPipeline({ ...context, stopping: stopping.signal }, id, deadline());
    await next(watch);
    const following = watch.next();
    stopping.abort();
    await assert.rejects(following, { code: Code.Unavailable, rawMessage: /watch again/ });
  });

  test("ends with the caller's reason when it goes away", async (t) => {
    const context = await testContext(t);
    const caller = new AbortController();
    const { id } = await submit(context, { a: {} });
    const watch = watchPipeline(context, id, caller.signal);
    await next(watch);
    const following = watch.next();
    caller.abort(new Error("gone"));
    await assert.rejects(following, /gone/);
  });

  test("must exist", async (t) => {
    const context = await testContext(t);
    await assert.rejects(watchPipeline(context, "99", deadline()).next(), { code: Code.NotFound });
  });
});
