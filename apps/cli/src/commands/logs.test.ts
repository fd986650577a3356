import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { LogStream, type DownloadLogsRequest, type SearchLogsRequest, type TailLogsRequest } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { runCrew } from "../run.ts";
import { FAKE_TOKEN, startFakeServer, type FakeHandlers } from "../testing/fake-server.ts";
import { at, busyPipeline } from "../testing/fixtures.ts";
import { memoryIo } from "../testing/memory-io.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

async function crew(t: TestContext, handlers: FakeHandlers, args: string[]) {
  const server = await startFakeServer(handlers);
  t.after(() => server.close(0));
  const io = memoryIo({ env: { GROUNDCREW_URL: server.url, GROUNDCREW_TOKEN: FAKE_TOKEN } });
  const exitCode = await runCrew(args, io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

const stepRun = { workflowId: "42", epoch: "1", step: "test", try: 1 };

suite("crew logs download", () => {
  const file = (asked: DownloadLogsRequest[]): FakeHandlers => ({
    async *downloadLogs(request) {
      asked.push(request);
      yield { data: Buffer.from("one\n") };
      yield { data: Buffer.from("two\n") };
    },
  });

  test("writes what the server has to standard output", async (t) => {
    const asked: DownloadLogsRequest[] = [];
    const told = await crew(t, file(asked), ["logs", "download", "42", "--step", "test", "--plain"]);
    assert.deepEqual([told.exitCode, told.stdout], [0, "one\ntwo\n"]);
    const [request] = asked;
    assert.deepEqual([request?.workflowId, request?.pipelineId, request?.step], ["42", "0", "test"]);
    assert.deepEqual([request?.plain, request?.timestamps], [true, false]);
  });

  test("or a pipeline's into a file, whole or not at all", async (t) => {
    const path = join(await temporaryFolder(t), "build.log");
    const asked: DownloadLogsRequest[] = [];
    const told = await crew(t, file(asked), ["logs", "download", "7", "--pipeline", "--output", path]);
    assert.deepEqual([told.exitCode, await readFile(path, "utf8"), asked[0]?.pipelineId], [0, "one\ntwo\n", "7"]);
    const broken: FakeHandlers = {
      async *downloadLogs() {
        yield { data: Buffer.from("half") };
        throw new ConnectError("the server stops", Code.Unavailable);
      },
    };
    assert.equal((await crew(t, broken, ["logs", "download", "7", "--output", path])).exitCode, 5);
    assert.equal(await readFile(path, "utf8"), "one\ntwo\n");
  });
});

suite("crew logs search", () => {
  const match = { stepRunId: "1", stepRun, workflowName: "build", line: 11, at: at(0), text: Buffer.from("an error") };

  test("prints where each match is, and the lines around it", async (t) => {
    const asked: SearchLogsRequest[] = [];
    const handlers: FakeHandlers = {
      async *searchLogs(request) {
        asked.push(request);
        yield { ...match, before: [Buffer.from("before")], after: [Buffer.from("after")] };
        yield { ...match, line: 20, limitReached: true };
      },
    };
    const told = await crew(t, handlers, ["logs", "search", "42", "error", "-i", "-C", "1", "--limit", "2"]);
    assert.deepEqual(told.stdout.split("\n"), [
      "build/test-11- before",
      "build/test:12: an error",
      "build/test-13- after",
      "--",
      "build/test:21: an error",
      "",
    ]);
    assert.match(told.stderr, /the first 2 lines that match; for more: --limit/);
    const { text, ignoreCase, contextLines, maxMatches } = asked[0] ?? assert.fail("nothing was asked");
    assert.deepEqual([text, ignoreCase, contextLines, maxMatches], ["error", true, 1, 2]);
  });

  test("prints a match a line as JSON, and says when there is none", async (t) => {
    const one: FakeHandlers = {
      async *searchLogs() {
        yield match;
      },
    };
    const told = await crew(t, one, ["logs", "search", "42", "error", "-o", "json"]);
    assert.equal((JSON.parse(told.stdout) as { line: number }).line, 11);
    const none: FakeHandlers = { async *searchLogs() {} };
    assert.match((await crew(t, none, ["logs", "search", "42", "x"])).stderr, /no stored line contains it/);
  });

  test("refuses numbers that make no sense", async (t) => {
    const told = await crew(t, {}, ["logs", "search", "42", "x", "-C", "21"]);
    assert.deepEqual([told.exitCode, /whole number from 0 to 20/.test(told.stderr)], [2, true]);
  });
});

suite("crew workflows logs", () => {
  const lines = (asked: TailLogsRequest[], firstLine: number): FakeHandlers => ({
    getWorkflow: () => ({ workflow: busyPipeline().workflows[0] }),
    async *tailLogs(request) {
      asked.push(request);
      const entries = [{ text: Buffer.from("x"), stream: LogStream.STDOUT }];
      yield { stepRunId: "1", stepRun, workflowName: "build", firstLine, entries };
    },
  });

  for (const [args, sent] of [
    [
      ["--tail", "5"],
      [0, 0, 5],
    ],
    [
      ["--from", "11"],
      [10, 0, 0],
    ],
    [
      ["--from", "11", "--lines", "4"],
      [10, 14, 0],
    ],
    [
      ["--lines", "4"],
      [0, 4, 0],
    ],
  ] as const) {
    test(`asks for ${args.join(" ")}, and takes what it did not ask for as not missing`, async (t) => {
      const asked: TailLogsRequest[] = [];
      const told = await crew(t, lines(asked, sent[2] > 0 ? 95 : sent[0]), [
        "workflows",
        "logs",
        "42",
        "--step",
        "test",
        ...args,
      ]);
      assert.deepEqual([told.exitCode, told.stdout], [0, "x\n"]);
      const [request] = asked;
      assert.deepEqual([request?.fromLine, request?.untilLine, request?.lastLines], sent);
    });
  }

  test("refuses --tail beside --from", async (t) => {
    const told = await crew(t, lines([], 0), ["workflows", "logs", "42", "--tail", "1", "--from", "2"]);
    assert.deepEqual([told.exitCode, /--tail is given beside/.test(told.stderr)], [2, true]);
  });
});
