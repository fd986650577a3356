import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KeyRing, keyOf, parseKeys } from "./key-ring.ts";
import { seal, unseal, UnreadableSecret, type SecretPlace } from "./seal.ts";

const [old, recent, foreign] = ["a", "b", "c"].map((text) => keyOf(Buffer.alloc(32, text)));
assert.ok(old && recent && foreign);
const before = new KeyRing([old]);
const after = new KeyRing([recent, old]);
const place: SecretPlace = { scope: "repository", target: "example.org/acme/api", name: "TOKEN" };

suite("an encrypted value", () => {
  test("opens to what it was, whatever it is, and does not show it", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 });
    fc.assert(
      fc.property(text, (value) => {
        const sealed = seal(before, place, value);
        assert.equal(unseal(after, { ...place, ...sealed }), value);
        const bytes = Buffer.from(sealed.sealed);
        if (Buffer.byteLength(value) > 8) assert.equal(bytes.indexOf(value), -1);
      }),
      { numRuns: 50 },
    );
  });

  test("is never the same twice", () => {
    assert.notDeepEqual(seal(before, place, "x").sealed, seal(before, place, "x").sealed);
  });

  test("is encrypted with the first key and says which", () => {
    assert.equal(seal(after, place, "x").key_id, recent.id);
  });

  const elsewhere: Record<string, SecretPlace> = {
    "under another name": { ...place, name: "OTHER" },
    "for another repository": { ...place, target: "example.org/acme/web" },
    "for an owner of that name": { ...place, scope: "owner" },
  };
  for (const [where, other] of Object.entries(elsewhere)) {
    test(`does not open ${where}`, () => {
      assert.throws(() => unseal(before, { ...other, ...seal(before, place, "x") }), UnreadableSecret);
    });
  }

  test("does not open when a byte of it was changed", () => {
    const { key_id, sealed } = seal(before, place, "value");
    for (const index of Buffer.from(sealed).keys()) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      assert.throws(() => unseal(before, { ...place, key_id, sealed: changed }), UnreadableSecret);
    }
    assert.throws(() => unseal(before, { ...place, key_id, sealed: Buffer.alloc(3) }), UnreadableSecret);
  });

  test("names itself and the key where that is missing", () => {
    const sealed = seal(new KeyRing([foreign]), place, "x");
    const message = `secret TOKEN of repository example.org/acme/api is encrypted with key ${foreign.id}, which this server does not have`;
    assert.throws(() => unseal(after, { ...place, ...sealed }), { message });
  });
});

suite("keys", () => {
  const text = Buffer.alloc(32, "a").toString("base64");

  test("are read in order, apart by lines or commas, without comments", () => {
    const other = Buffer.alloc(32, "b").toString("base64");
    const expected = [old.id, recent.id];
    assert.deepEqual(parseKeys(`${text},${other}`, "x").ids, expected);
    assert.deepEqual(parseKeys(`# made in May\n${text}\n\n ${other} \n`, "x").ids, expected);
  });

  const refused: [string, RegExp][] = [
    ["", /^Error: FILE holds no key; make one: openssl rand -base64 32$/],
    ["short", /^Error: key 1 of FILE is not 32 bytes of base64/],
    [`${text},s3cret!`, /^Error: key 2 of FILE is not 32 bytes/],
  ];
  for (const [given, expected] of refused) {
    test(`are refused without being shown: "${given.slice(-8)}"`, () => {
      assert.throws(() => parseKeys(given, "FILE"), expected);
      assert.throws(
        () => parseKeys(given, "FILE"),
        ({ message }: Error) => given === "" || !message.includes(given),
      );
    });
  }
});
