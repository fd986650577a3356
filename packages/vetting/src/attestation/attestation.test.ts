import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { reportInput } from "../report/testing.ts";
import { cancelRun, startRun } from "../run.ts";
import { PAYLOAD_TYPE, preAuthentication, signStatement } from "./envelope.ts";
import { keyIdOf, readPublicKey } from "./keys.ts";
import { statementOf } from "./statement.ts";
import { verifyAttestation } from "./verify.ts";

// The first key of RFC 8032, section 7.1, so that a signature can be compared with what another program makes.
const PRIVATE = createPrivateKey({
  key: Buffer.from(
    "302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "hex",
  ),
  format: "der",
  type: "pkcs8",
});
const PUBLIC = createPublicKey(PRIVATE);
const SUBJECTS = [{ name: "report.html", sha256: "ab".repeat(32) }];
const STATEMENT = statementOf(reportInput(), SUBJECTS);
const SIGNED = signStatement(STATEMENT, PRIVATE);

interface Envelope {
  payloadType: string;
  payload: string;
  signatures: { keyid: string; sig: string }[];
}

function first({ signatures }: Envelope): Envelope["signatures"][number] {
  assert.ok(signatures[0]);
  return signatures[0];
}

/** What is said of the envelope after a change to it. */
function reasonAfter(change: (envelope: Envelope) => void, key: KeyObject = PUBLIC): string {
  const envelope = JSON.parse(SIGNED) as Envelope;
  change(envelope);
  const result = verifyAttestation(JSON.stringify(envelope), key);
  return result.ok ? "it holds" : result.reason;
}

/** What is said of a payload that the right key signed, but as something else. */
function reasonFor(payload: unknown, type = PAYLOAD_TYPE): string {
  const bytes = Buffer.from(JSON.stringify(payload));
  const envelope = JSON.parse(signStatement(payload as typeof STATEMENT, PRIVATE)) as Envelope;
  assert.equal(Buffer.from(envelope.payload, "base64").toString(), bytes.toString());
  const result = verifyAttestation(JSON.stringify({ ...envelope, payloadType: type }), PUBLIC);
  return result.ok ? "it holds" : result.reason;
}

suite("an attestation", () => {
  test("holds with the key that signed it, and says what was found of which files", () => {
    const result = verifyAttestation(SIGNED, PUBLIC);
    assert.ok(result.ok);
    assert.deepEqual(result.statement.subject, [{ name: "report.html", digest: { sha256: "ab".repeat(32) } }]);
    assert.equal(result.statement.predicate.result, "PASSED");
    assert.deepEqual(result.statement.predicate.passedTests, ["inventory", "cpu_stress"]);
    assert.equal(result.keyId, keyIdOf(PUBLIC));
  });

  test("signs what DSSE says: type and payload with their lengths", () => {
    assert.equal(preAuthentication("a/b", Buffer.from("hällo")).toString(), "DSSEv1 3 a/b 6 hällo");
  });

  test("lists what was skipped and not covered in the configuration: the predicate has no place for it", () => {
    const [configuration] = STATEMENT.predicate.configuration;
    const told = configuration?.annotations as { skipped: object; notCovered: string[] } | undefined;
    assert.ok(told && Object.keys(told.skipped).includes("smart"));
    assert.ok(told.notCovered.some((line) => line.startsWith("inventory: no serials") || line.includes("pci.count")));
  });

  test("of a run that did not get to its end is never good", () => {
    const input = reportInput();
    const { predicate } = statementOf({ ...input, run: cancelRun(startRun(input.run.profile)) }, SUBJECTS);
    assert.equal(predicate.result, "FAILED");
    assert.ok(predicate.failedTests.includes("cpu_stress"), "what has not run is among the failed");
  });

  const changes: [what: string, change: (envelope: Envelope) => void, told: RegExp][] = [
    [
      "its payload type",
      (e) => (e.payloadType = "text/plain"),
      /payloadType is "text\/plain"; application\/vnd.in-toto/,
    ],
    ["its payload", (e) => (e.payload = Buffer.from("{}").toString("base64")), /signature does not fit/],
    ["its signature", (e) => (first(e).sig = Buffer.alloc(64).toString("base64")), /signature does not fit/],
    ["the length of its signature", (e) => (first(e).sig = "AAAA"), /signature does not fit/],
    ["its key's name", (e) => (first(e).keyid = "ab"), /it holds/],
    ["all signatures", (e) => (e.signatures = []), /signatures: expected at least one/],
    ["base64", (e) => (e.payload = "*"), /payload: expected base64/],
  ];
  for (const [what, change, told] of changes) {
    test(`with another ${what}: ${told.source}`, () => assert.match(reasonAfter(change), told));
  }

  test("with any byte of its payload changed does not hold", () => {
    const length = Buffer.from((JSON.parse(SIGNED) as Envelope).payload, "base64").length;
    fc.assert(
      fc.property(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const reason = reasonAfter((envelope) => {
          const payload = Buffer.from(envelope.payload, "base64");
          payload[at] = (payload[at] ?? 0) ^ flip;
          envelope.payload = payload.toString("base64");
        });
        assert.match(reason, /signature does not fit/);
      }),
      { numRuns: 100 },
    );
  });

  test("is not taken with another key, whose names it tells", () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const told = reasonAfter(() => {}, publicKey);
    assert.match(
      told,
      new RegExp(`it was signed with key "${keyIdOf(PUBLIC)}"; the key given is ${keyIdOf(publicKey)}`),
    );
  });

  const others: [what: string, payload: unknown, told: RegExp][] = [
    ["another statement's type", { ...STATEMENT, _type: "https://in-toto.io/Statement/v0.1" }, /_type: /],
    ["another predicate", { ...STATEMENT, predicateType: "https://slsa.dev/provenance/v1" }, /predicateType: /],
    ["no subject", { ...STATEMENT, subject: [] }, /subject: expected at least one/],
    ["a subject without digest", { ...STATEMENT, subject: [{ name: "x" }] }, /subject\.0\.digest/],
    [
      "a result of its own",
      { ...STATEMENT, predicate: { ...STATEMENT.predicate, result: "GREAT" } },
      /predicate\.result/,
    ],
    ["no object", "hello", /not a JSON object/],
  ];
  for (const [what, payload, told] of others) {
    test(`that is well signed but says ${what} is refused`, () => assert.match(reasonFor(payload), told));
  }

  test("takes any text", () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(verifyAttestation(text, PUBLIC).ok, false)));
  });
});

suite("a public key", () => {
  test("is read from its PEM", () => {
    const pem = PUBLIC.export({ type: "spki", format: "pem" });
    assert.equal(keyIdOf(readPublicKey(pem)), keyIdOf(PUBLIC));
  });

  const refused: [what: string, pem: string, told: RegExp][] = [
    ["words", "hello", /not a public key in PEM/],
    ["a private key", PRIVATE.export({ type: "pkcs8", format: "pem" }), /this is a private key/],
    [
      "a key of another kind",
      generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" }),
      /a key of type ec; attestations are signed with ed25519/,
    ],
  ];
  for (const [what, pem, told] of refused) test(`is not ${what}`, () => assert.throws(() => readPublicKey(pem), told));
});
