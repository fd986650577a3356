import {
  EndReason,
  FieldViolationSchema,
  LinesMissingSchema,
  StaleEpochSchema,
  WorkflowState,
  type DoneRequest,
} from "@groundcrew/proto";
import { Code, ConnectError, detailOf, invalidField, MAX_MESSAGE_BYTES, type HandlerContext } from "@groundcrew/rpc";
import { principalOf } from "@groundcrew/rpc/server";
import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { agent, rejection, WAYS } from "./testing/way.ts";

/** What a call gets, and where it goes on, when it is held until its signal aborts. */
async function held({ signal }: HandlerContext, seen: PromiseWithResolvers<AbortSignal>): Promise<never> {
  seen.resolve(signal);
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

async function aborted(seen: PromiseWithResolvers<AbortSignal>): Promise<void> {
  const signal = await seen.promise;
  if (!signal.aborted) await once(signal, "abort");
}

const stepRun = { workflowId: "7", epoch: "3", step: "test", try: 1 };

for (const [name, open] of Object.entries(WAYS)) {
  suite(`PeerService by ${name}`, () => {
    test("answers what the handler answers, and tells it who calls and what was asked", async (t) => {
      let seen: unknown;
      const { peer } = await open(t, {
        done: (request, context) => {
          seen = { principal: principalOf(context), id: request.workflowId, lines: request.lines.length };
          return { state: WorkflowState.CANCELED, next: { grants: [{ workflowId: "8", epoch: "4" }] } };
        },
      });
      const end = { state: WorkflowState.FAILED, endReason: EndReason.STEP_FAILED };
      const answer = await peer.done({ workflowId: "7", epoch: "3", lines: [{ step: "test" }], ...end });
      assert.equal(answer.state, WorkflowState.CANCELED);
      assert.equal(answer.next?.grants[0]?.epoch, "4");
      assert.deepEqual(seen, { principal: agent("1"), id: "7", lines: 1 });
    });

    test("carries every call that agents make all the time", async (t) => {
      const made: string[] = [];
      const note = (method: string) => () => {
        made.push(method);
        return {};
      };
      const names = ["next", "init", "wait", "update", "enqueueLog", "recordSamples", "extend", "done"] as const;
      const all = [...names, "reportHealth"] as const;
      const { peer } = await open(t, Object.fromEntries(all.map((method) => [method, note(method)])));
      for (const method of all) await peer[method]({});
      assert.deepEqual(made, all);
    });

    const refusals: [what: string, thrown: ConnectError, read: (error: ConnectError) => unknown, expected: unknown][] =
      [
        [
          "a stale epoch",
          new ConnectError("stale", Code.FailedPrecondition, undefined, [
            { desc: StaleEpochSchema, value: { workflowId: "7", epoch: "3", state: WorkflowState.LOST } },
          ]),
          (error) => [detailOf(error, StaleEpochSchema)?.epoch, detailOf(error, StaleEpochSchema)?.state],
          ["3", WorkflowState.LOST],
        ],
        [
          "missing lines",
          new ConnectError("more", Code.FailedPrecondition, undefined, [
            { desc: LinesMissingSchema, value: { stepRun, nextLine: 5, lineCount: 9 } },
          ]),
          (error) => [
            detailOf(error, LinesMissingSchema)?.nextLine,
            detailOf(error, LinesMissingSchema)?.stepRun?.step,
          ],
          [5, "test"],
        ],
        [
          "a bad field",
          invalidField("lines", "4097 entries", "at most 4096"),
          (error) => [detailOf(error, FieldViolationSchema)?.field, detailOf(error, FieldViolationSchema)?.expected],
          ["lines", "at most 4096"],
        ],
        ["what has no detail", new ConnectError("there is none", Code.NotFound), ({ details }) => details, []],
      ];
    for (const [what, thrown, read, expected] of refusals) {
      test(`refuses with the same code, message and typed detail: ${what}`, async (t) => {
        const { peer } = await open(t, {
          done: () => {
            throw thrown;
          },
        });
        const error = await rejection(peer.done({ workflowId: "7", epoch: "3" }));
        assert.deepEqual([error.code, error.rawMessage], [thrown.code, thrown.rawMessage]);
        assert.deepEqual(read(error), expected);
      });
    }

    test("turns a handler's fault into UNAVAILABLE: its cause is logged and not sent, and later calls go on", async (t) => {
      const { peer, reports } = await open(t, {
        init: () => {
          throw new Error("password=hunter2");
        },
        extend: () => ({}),
      });
      const error = await rejection(peer.init({}));
      assert.equal(error.code, Code.Unavailable);
      assert.doesNotMatch(error.message, /hunter2/);
      const report = reports.find(({ method }) => method === "Init");
      assert.equal((report?.error?.cause as Error | undefined)?.message, "password=hunter2");
      assert.ok(error.message.includes(report?.requestId ?? "?"), error.message);
      await peer.extend({});
    });

    test("tells the log the same of each call", async (t) => {
      const { peer, reports } = await open(t, { done: () => ({}) });
      await peer.done({ workflowId: "7", epoch: "3" });
      const { service, method, principal, request, error } = reports.at(-1) ?? assert.fail();
      assert.deepEqual([service, method, error], ["groundcrew.v1.PeerService", "Done", undefined]);
      assert.deepEqual(principal, agent("1"));
      assert.equal((request as DoneRequest).workflowId, "7");
    });

    test("fails a call whose request cannot be sent, and no other", async (t) => {
      const { peer } = await open(t, { next: () => ({}), init: () => ({}) });
      await assert.rejects(peer.next({ pollId: "p", freeSlots: -1 }), /invalid uint32/);
      await peer.init({});
    });

    test("fails a call whose answer cannot be sent, and no other", async (t) => {
      const { peer } = await open(t, { enqueueLog: () => ({ nextLine: -1 }), init: () => ({}) });
      assert.equal((await rejection(peer.enqueueLog({}))).code, Code.Unavailable);
      await peer.init({});
    });

    test("a caller that cancels aborts the handler's signal", async (t) => {
      const seen = Promise.withResolvers<AbortSignal>();
      const { peer } = await open(t, { wait: (_request, context) => held(context, seen), init: () => ({}) });
      const leave = new AbortController();
      const call = rejection(peer.wait({}, { signal: leave.signal }));
      await seen.promise;
      leave.abort();
      assert.equal((await call).code, Code.Canceled);
      await aborted(seen);
      await peer.init({});
    });

    test("a call that is canceled before it is made is not made", async (t) => {
      const { peer, reports } = await open(t, { init: () => ({}), extend: () => ({}) });
      assert.equal((await rejection(peer.init({}, { signal: AbortSignal.abort() }))).code, Code.Canceled);
      await peer.extend({});
      assert.deepEqual(
        reports.map(({ method }) => method),
        ["Extend"],
      );
    });

    test("a deadline ends the call with DEADLINE_EXCEEDED and aborts the handler's signal", async (t) => {
      const seen = Promise.withResolvers<AbortSignal>();
      const { peer } = await open(t, { wait: (_request, context) => held(context, seen) });
      assert.equal((await rejection(peer.wait({}, { timeoutMs: 100 }))).code, Code.DeadlineExceeded);
      await aborted(seen);
    });

    test("carries a batch of 4 MiB", async (t) => {
      const { peer } = await open(t, { enqueueLog: ({ entries }) => ({ nextLine: entries[0]?.text.length ?? 0 }) });
      const size = 4 * 1024 * 1024;
      assert.equal((await peer.enqueueLog({ entries: [{ text: new Uint8Array(size) }] })).nextLine, size);
    });

    test("refuses a request that is too large, and goes on", async (t) => {
      const { peer } = await open(t, { enqueueLog: () => ({ nextLine: 1 }) });
      const huge = { entries: [{ text: new Uint8Array(MAX_MESSAGE_BYTES) }] };
      assert.equal((await rejection(peer.enqueueLog(huge))).code, Code.ResourceExhausted);
      assert.equal((await peer.enqueueLog({})).nextLine, 1);
    });

    test("refuses an answer that is too large, and goes on", async (t) => {
      const { peer } = await open(t, { wait: () => ({ canceledBy: "x".repeat(MAX_MESSAGE_BYTES) }), init: () => ({}) });
      assert.equal((await rejection(peer.wait({}))).code, Code.ResourceExhausted);
      await peer.init({});
    });

    test("answers each of many at once with its own answer, in whatever order they come", async (t) => {
      const calls = Array.from({ length: 500 }, (_, index) => index);
      const arrived = Promise.withResolvers<void>();
      let count = 0;
      const { peer } = await open(t, {
        async enqueueLog({ firstLine }) {
          if (++count === calls.length) arrived.resolve();
          await arrived.promise;
          if (firstLine % 7 === 0) throw new ConnectError(`not ${firstLine}`, Code.OutOfRange);
          return { nextLine: firstLine + 1 };
        },
      });
      const outcomes = await Promise.allSettled(calls.map((firstLine) => peer.enqueueLog({ firstLine })));
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.status === "fulfilled") assert.equal(outcome.value.nextLine, index + 1);
        else assert.equal((outcome.reason as ConnectError).rawMessage, `not ${index}`);
        assert.equal(outcome.status, index % 7 === 0 ? "rejected" : "fulfilled");
      }
    });

    test("a server that stops lets held calls answer, and aborts what goes on", async (t) => {
      const seen = [Promise.withResolvers<AbortSignal>(), Promise.withResolvers<AbortSignal>()] as const;
      const release = Promise.withResolvers<void>();
      const { peer, stop } = await open(t, {
        async next(_request, context) {
          seen[0].resolve(context.signal);
          await release.promise;
          return { grants: [{ workflowId: "7" }] };
        },
        wait: (_request, context) => held(context, seen[1]),
      });
      const next = peer.next({ pollId: "p", freeSlots: 1 });
      const wait = rejection(peer.wait({}));
      await Promise.all(seen.map(({ promise }) => promise));
      const stopped = stop();
      release.resolve();
      assert.equal((await next).grants[0]?.workflowId, "7");
      const { code } = await wait;
      assert.ok(code === Code.Unavailable || code === Code.Canceled, Code[code]);
      await aborted(seen[1]);
      await stopped;
    });
  });
}
