import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { type GatedStage, judgeStage, readOcp, type Reflector } from "@groundcrew/vetting";
import { skipWithout, standInPath, startStage } from "./testing.ts";

const skip = skipWithout("iperf3");

/** What a link of 1 Gbit/s does, by Checkbox's 80 %. */
const profile: GatedStage = {
  name: "network",
  required: true,
  timeoutMs: 60_000,
  parameters: {},
  gates: [
    { metric: "network.bits_per_second", op: ">=", value: 8e8, severity: "fail", optional: false },
    { metric: "network.reverse_bits_per_second", op: ">=", value: 8e8, severity: "fail", optional: false },
  ],
};

/** A port of loopback where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function measure(t: TestContext, facts: object, { parameters = {}, iperf3 = "" } = {}) {
  const env = { GROUNDCREW_STAGE_FACTS: JSON.stringify(facts) };
  const path = iperf3 === "" ? {} : { path: standIn(t, iperf3) };
  const stage = await startStage(t, "network", {
    parameters: { seconds: 1, wait_seconds: 0, ...parameters },
    env,
    ...path,
  });
  const { ocp, ...ended } = await stage.ended;
  return { ...ended, run: readOcp(ocp), ...judgeStage(profile, { outcome: "completed", ocp }) };
}

/** Puts a stand-in before iperf3 that prints this, and exits with 0 as the real one does in any case. */
function standIn(t: TestContext, printed: string): string {
  return standInPath(t, "iperf3", `case "$*" in *--version*) echo iperf 3.12 ;; *) cat <<'E'\n${printed}\nE\nesac`);
}

/** What iperf3 prints of a test that got so far, with the other side's CPU so busy. */
function result(bits: number, remoteCpu: number): string {
  const sum = { bits_per_second: bits, seconds: 1, bytes: bits / 8, retransmits: 0 };
  const end = { sum_sent: sum, sum_received: sum, cpu_utilization_percent: { host_total: 5, remote_total: remoteCpu } };
  return JSON.stringify({ start: { test_start: { duration: 1 }, connected: [{ local_host: "127.0.0.1" }] }, end });
}

const reflector: Reflector = { host: "127.0.0.1", port: 5201 };

suite("network", () => {
  test("measures both ways and UDP against a reflector, and what the interface counted", { skip }, async (t) => {
    const port = await freePort();
    const server = spawn("iperf3", ["-s", "-p", String(port), "-B", "127.0.0.1", "--forceflush"]);
    t.after(() => server.kill());
    await once(server.stdout, "data");
    const parameters = { udp_bits_per_second: 10_000_000, omit_seconds: 0 };
    const { verdict, reasons, run, files, exitCode } = await measure(
      t,
      { reflector: { ...reflector, port } },
      { parameters },
    );
    assert.ok(verdict === "pass" || reasons.every((reason) => reason.includes("; but")), reasons.join("; "));
    assert.equal(exitCode, 0);
    assert.deepEqual(run.problems, []);
    const tests = ["iperf3-forward-1.json", "iperf3-reverse-1.json", "iperf3-udp-1.json"];
    assert.deepEqual(files, ["interfaces.json", ...tests]);
    const measured = new Map(run.measurements.map(({ name, value }) => [name, value]));
    for (const name of ["retransmit_share", "reverse_dip", "own_cpu", "udp_lost_percent", "errors", "drops"]) {
      assert.equal(typeof measured.get(`network.${name}`), "number", name);
    }
    // Loopback has no speed: what is judged by it is absent, and never taken for good.
    assert.ok(!measured.has("network.by_link"));
    assert.ok(run.absences.some(({ metrics }) => metrics.includes("network.by_link")));
  });

  test(
    "without a reflector, with a busy one and with one that does not answer is an error with the reason",
    { skip },
    async (t) => {
      const none = await measure(t, { reflectorAbsent: "all 4 slots are taken" });
      assert.equal(none.verdict, "error");
      assert.match(none.reasons.join("\n"), /no-reflector: all 4 slots are taken/);
      // That it is busy is all that its answer says, and iperf3 exits with 0.
      const error = "the server is busy running a test. try again later";
      const busy = await measure(t, { reflector }, { iperf3: JSON.stringify({ start: {}, error }) });
      assert.equal(busy.verdict, "error");
      assert.match(busy.reasons.join("\n"), /not-judged: forward: iperf3: the server is busy/);
      const silent = await measure(t, { reflector: { ...reflector, port: await freePort() } });
      assert.equal(silent.verdict, "error");
      assert.match(silent.reasons.join("\n"), /not-judged: forward: iperf3: unable to connect/);
    },
  );

  test("a slow link fails; one that the reflector held down does not: that is an error", async (t) => {
    const slow = await measure(t, { reflector }, { iperf3: result(5e8, 10) });
    assert.equal(slow.verdict, "fail", slow.reasons.join("; "));
    const saturated = await measure(t, { reflector }, { iperf3: result(5e8, 97) });
    assert.equal(saturated.verdict, "error");
    assert.match(
      saturated.reasons.join("\n"),
      /bits_per_second is 500000000 bit\/s; .* but the reflector's CPU was 97 % busy/,
    );
  });
});
