import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import type { StartVettingBatchRequest, StartVettingRequest } from "@groundcrew/proto";
import { ExitCode } from "../exit-codes.ts";
import { runCrew } from "../run.ts";
import { FAKE_TOKEN, startFakeServer, type FakeHandlers } from "../testing/fake-server.ts";
import { memoryIo } from "../testing/memory-io.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const INVENTORY = { cpu: { sockets: 2 }, disks: [{ name: "sda", sizeBytes: 960_197_124_096, serial: "D1" }] };

/** `crew` in a folder with a specification and a CSV file, against a server with these answers. */
async function crew(t: TestContext, handlers: FakeHandlers, args: string[]) {
  const [server, cwd] = await Promise.all([startFakeServer(handlers), temporaryFolder(t)]);
  t.after(() => server.close(0));
  await writeFile(join(cwd, "box.yaml"), "name: box\ncpu: { sockets: 2 }\ndisks: [{ count: 2, size: 960GB }]\n");
  await writeFile(join(cwd, "bad.yaml"), "name: box\ncpu: { socket: 2 }\n");
  await writeFile(join(cwd, "t.csv"), "serial\nS1\n");
  const io = { ...memoryIo({ env: { GROUNDCREW_URL: server.url, GROUNDCREW_TOKEN: FAKE_TOKEN } }), cwd };
  const exitCode = await runCrew(args, io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

const getMachineInventory: FakeHandlers["getMachineInventory"] = () => ({
  machine: { identity: { vendor: "ACME", product: "Box 9" }, diskSerials: ["D1", "D2"] },
  inventoryJson: JSON.stringify(INVENTORY),
});

suite("crew vet, with many machines", () => {
  test("starts one run for one machine, and a batch for anything else", async (t) => {
    const one: StartVettingRequest[] = [];
    const many: StartVettingBatchRequest[] = [];
    const handlers: FakeHandlers = {
      startVetting: (request) => ({ run: { id: String(one.push(request)) } }),
      startVettingBatch: (request) => ({ batch: { id: String(many.push(request)), counts: { total: 2, active: 2 } } }),
    };
    assert.equal((await crew(t, handlers, ["vet", "start", "n1", "--spec", "box.yaml"])).exitCode, ExitCode.ok);
    assert.partialDeepStrictEqual(one, [{ target: "n1", profile: "demo", specFile: { path: "box.yaml" } }]);
    const limits = ["--per-rack", "2", "--max-watts", "900", "--stagger", "30s", "--csv", "t.csv", "--spec", "r640"];
    const told = await crew(t, handlers, ["vet", "start", "n1", "n2", "-l", "rack=4,model=x", ...limits]);
    assert.match(told.stdout, /batch 1.*\n2 machines: 2 active/);
    const targetsFile = { path: "t.csv", content: "serial\nS1\n" };
    const wanted = { perRack: 2, maxWatts: 900, staggerMs: 30_000, spec: "r640", targetsFile };
    assert.partialDeepStrictEqual(many, [{ targets: ["n1", "n2"], labels: { rack: "4", model: "x" }, ...wanted }]);
    assert.match((await crew(t, handlers, ["vet", "start"])).stderr, /no machine is named/);
  });

  test("learns a specification, checks one, and tells how a machine differs from one", async (t) => {
    const learned = await crew(t, { getMachineInventory }, ["vet", "learn", "n1"]);
    assert.match(learned.stdout, /^name: acme-box-9\n.*sockets: 2/s);
    assert.match((await crew(t, {}, ["vet", "spec", "check", "box.yaml"])).stdout, /is a specification of box/);
    const bad = await crew(t, {}, ["vet", "spec", "check", "bad.yaml"]);
    assert.equal(bad.exitCode, ExitCode.usage);
    assert.match(bad.stderr, /bad\.yaml:2:8: cpu\.socket: no such key/);
    const diff = await crew(t, { getMachineInventory }, ["vet", "spec", "diff", "box.yaml", "n1"]);
    assert.equal(diff.exitCode, ExitCode.unsuccessful);
    assert.match(diff.stdout, /disks\[0\] +2 × 960GB ± 1% +1 × 960GB/);
    assert.match(diff.stdout, /declared\.disk_serials +D2 +no disk with this serial/);
    assert.match(diff.stderr, /fields compared, 2 not as wanted/);
  });

  test("registers machines, and says which wait", async (t) => {
    const addMachine: FakeHandlers["addMachine"] = ({ name, macs, powerWatts }) => ({
      added: true,
      machine: { name: `${name} ${macs.join("+")} ${powerWatts}` },
    });
    const line = "machines add --name n1 --serial S --mac a --mac b --watts 600 --labels rack=4".split(" ");
    assert.equal((await crew(t, { addMachine }, line)).stdout, "Registered machine n1 a+b 600.\n");
    const importMachines: FakeHandlers["importMachines"] = () => ({ added: 2, updated: 1 });
    const imported = await crew(t, { importMachines }, ["machines", "import", "t.csv"]);
    assert.equal(imported.stdout, "2 registered, 1 known already.\n");
    const getMachine: FakeHandlers["getMachine"] = () => ({
      machine: { name: "n1", approval: 1, trouble: "twice\u001b[2J" },
    });
    const shown = await crew(t, { getMachine }, ["machines", "show", "n1"]);
    assert.match(shown.stdout, /may be vetted +waits\ndoubtful +twice/);
    assert.ok(!shown.stdout.includes("\u001b"));
  });
});
