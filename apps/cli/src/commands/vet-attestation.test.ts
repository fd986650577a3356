import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { signStatement, type Statement } from "@groundcrew/vetting";
import { ExitCode } from "../exit-codes.ts";
import { runCrew } from "../run.ts";
import { memoryIo } from "../testing/memory-io.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const REPORT = "<!doctype html>";

function statement(result: Statement["predicate"]["result"]): Statement {
  const sha256 = createHash("sha256").update(REPORT).digest("hex");
  const configuration = [
    { name: "profile rack", annotations: { machine: "node-\u001b[2J17", skipped: { gpu: "none" } } },
  ];
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "report.html", digest: { sha256 } }],
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    predicate: { result, configuration, passedTests: ["smart"], warnedTests: [], failedTests: [] },
  };
}

/** What `crew vet attestation verify` says in a folder with this attestation. No server is known to it. */
async function verify(t: TestContext, attestation: string, flags: string[] = [], key = publicKey) {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "att.json"), attestation);
  await writeFile(join(folder, "key.pub"), key.export({ type: "spki", format: "pem" }));
  await writeFile(join(folder, "report.html"), REPORT);
  await writeFile(join(folder, "other.html"), `${REPORT} `);
  const io = { ...memoryIo(), cwd: folder };
  const exitCode = await runCrew(["vet", "attestation", "verify", "att.json", "--key", "key.pub", ...flags], io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

suite("crew vet attestation verify", () => {
  const signed = signStatement(statement("PASSED"), privateKey);

  test("says without a server what was found, and of which files", async (t) => {
    const { exitCode, stdout } = await verify(t, signed, ["--subject", "report.html"]);
    assert.equal(exitCode, ExitCode.ok);
    assert.match(stdout, /^The signature holds: PASSED\n/);
    assert.match(stdout, /passed: smart\nskipped: gpu\nspeaks of report\.html, sha256 [0-9a-f]{64}\n/);
    assert.ok(!stdout.includes("\u001b"), "a hostile name writes nothing on the terminal");
  });

  test("of a machine that failed holds, and its exit code says that the machine did not pass", async (t) => {
    const { exitCode } = await verify(t, signStatement(statement("FAILED"), privateKey));
    assert.equal(exitCode, ExitCode.unsuccessful);
  });

  test("refuses a file that is not what was signed, with both digests", async (t) => {
    const { exitCode, stderr } = await verify(t, signed, ["--subject", "other.html"]);
    assert.equal(exitCode, ExitCode.failure);
    assert.match(stderr, /other\.html is not what was signed.*its SHA-256 is [0-9a-f]{64}; signed are report\.html/s);
  });

  test("refuses another key's signature, and a changed payload", async (t) => {
    const other = await verify(t, signed, [], generateKeyPairSync("ed25519").publicKey);
    assert.equal(other.exitCode, ExitCode.failure);
    assert.match(other.stderr, /it was signed with key/);
    const payload = Buffer.from(JSON.stringify(statement("PASSED"))).toString("base64");
    const changed = signStatement(statement("FAILED"), privateKey).replace(
      /"payload": "[^"]*"/,
      `"payload": "${payload}"`,
    );
    const { stderr } = await verify(t, changed);
    assert.match(stderr, /the signature does not fit/);
  });
});
