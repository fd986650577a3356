import { create } from "@bufbuild/protobuf";
import { SecretAction, SetSecretRequestSchema } from "@groundcrew/proto";
import { Code, type ConnectError } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { pino } from "pino";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { operatorClient } from "../testing/operator.ts";
import { KeyRing, keyOf } from "./key-ring.ts";
import { forgetSecrets, requireKeys } from "./keys-in-use.ts";
import { rotateKey } from "./rotate.ts";
import { unseal } from "./seal.ts";
import { setSecret } from "./set.ts";

const repository = "https://example.org/acme/api.git";
const VALUE = "hunter2-hunter2";
const [first, second] = ["k", "n"].map((text) => keyOf(Buffer.alloc(32, text)));
assert.ok(first && second);

suite("secrets, over the wire", () => {
  test("are set, listed and removed, and their value is never told", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "admin");
    const answers = [
      await client.setSecret({ name: "TOKEN", repository, value: VALUE, events: ["tag", "push", "tag"] }),
      await client.setSecret({ name: "TOKEN", owner: "https://example.org/acme", value: VALUE }),
      await client.setSecret({ name: "TOKEN", repository, value: VALUE, events: ["push"] }),
      await client.listSecrets({}),
      await client.listSecrets({ repository }),
    ] as const;
    assert.deepEqual([answers[0].replaced, answers[1].replaced, answers[2].replaced], [false, false, true]);
    const { name, events, setBy, keyId, owner } = answers[4].secrets[0] ?? {};
    assert.deepEqual(
      { name, events, setBy, keyId, owner },
      {
        name: "TOKEN",
        events: ["push"],
        setBy: "alice",
        keyId: context.keys.first.id,
        owner: "",
      },
    );
    assert.deepEqual([answers[3].secrets.length, answers[4].secrets.length], [2, 1]);
    assert.doesNotMatch(
      JSON.stringify(answers, (_key, value: unknown) => String(value)),
      /hunter2/,
    );
    assert.equal((await client.removeSecret({ name: "TOKEN", repository })).removed, true);
    assert.equal((await client.removeSecret({ name: "TOKEN", repository })).removed, false);
    assert.equal((await client.listSecrets({})).secrets.length, 1);
    await client.rotateSecretKey({});
    const told = (await client.listSecretEvents({})).events;
    assert.deepEqual(
      told.map((event) => [event.action, event.name, event.owner, event.actor]),
      [
        [SecretAction.ROTATE, "", "", "alice"],
        [SecretAction.REMOVE, "TOKEN", "", "alice"],
        [SecretAction.SET, "TOKEN", "", "alice"],
        [SecretAction.SET, "TOKEN", "https://example.org/acme", "alice"],
        [SecretAction.SET, "TOKEN", "", "alice"],
      ],
    );
    const ofOwner = await client.listSecretEvents({ owner: "https://example.org/acme", page: { size: 1 } });
    assert.deepEqual([ofOwner.events.length, ofOwner.nextPageToken], [1, ""]);
    assert.equal((await client.listSecretEvents({ name: "OTHER" })).events.length, 0);
  });

  test("need the role admin to be set, removed and encrypted anew", async (t) => {
    const { client } = await operatorClient(t, await testContext(t), "operator");
    const denied = { code: Code.PermissionDenied };
    await assert.rejects(client.setSecret({ name: "TOKEN", repository, value: VALUE }), denied);
    await assert.rejects(client.removeSecret({ name: "TOKEN", repository }), denied);
    await assert.rejects(client.rotateSecretKey({}), denied);
    await assert.rejects(client.listSecretEvents({}), denied);
    assert.deepEqual((await client.listSecrets({})).secrets, []);
  });

  const good = { name: "TOKEN", repository, value: VALUE };
  const refused: [string, object, RegExp][] = [
    ["a name with a dash", { ...good, name: "MY-TOKEN" }, /name is "MY-TOKEN", expected 1 to 128 letters/],
    ["no name", { ...good, name: "" }, /name is "", expected/],
    ["nobody's", { ...good, repository: "" }, /exactly one of the two/],
    ["an owner's and a repository's", { ...good, owner: "acme" }, /exactly one of the two/],
    ["an empty value", { ...good, value: "" }, /value is "0 bytes", expected 1 byte to 64 KiB/],
    ["a value of 64 KiB and 1 byte", { ...good, value: "é".repeat(32_768) + "x" }, /value is "65537 bytes"/],
    ["a value with a NUL", { ...good, value: `${VALUE}\0` }, /value is "text with a NUL"/],
    ["an event that is none", { ...good, events: ["Push!"] }, /events is "Push!", expected events, such as push/],
    ["too many events", { ...good, events: Array.from({ length: 33 }, () => "a") }, /events is "33 entries"/],
  ];
  test("are refused when something is wrong, without telling the value", async (t) => {
    const { client } = await operatorClient(t, await testContext(t), "admin");
    for (const [what, request, expected] of refused) {
      await assert.rejects(client.setSecret(request), (error: ConnectError) => {
        assert.equal(error.code, Code.InvalidArgument, what);
        assert.match(error.rawMessage, expected);
        assert.doesNotMatch(error.message, /hunter2|éé/);
        return true;
      });
    }
  });
});

suite("secrets in the database", () => {
  test("are not there in clear, nor in the log", async (t) => {
    const context = await testContext(t);
    const lines: string[] = [];
    const log = pino({ level: "trace" }, { write: (line: string) => lines.push(line) });
    await setOne({ ...context, log }, "TOKEN");
    const row = await context.db.selectFrom("secrets").selectAll().executeTakeFirstOrThrow();
    assert.equal(Buffer.from(row.sealed).indexOf(VALUE), -1);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /"name":"TOKEN".*"actor":"alice"/);
    assert.doesNotMatch(lines.join(""), /hunter2/);
  });

  test("are encrypted anew with the first key, in batches, and read as before", async (t) => {
    const context = await testContext(t);
    const names = Array.from({ length: 120 }, (_, index) => `S${index}`);
    for (const name of names) await setOne(context, name);
    const keys = new KeyRing([second, first]);
    assert.deepEqual(
      await Promise.all([rotateKey({ ...context, keys }, "a"), rotateKey({ ...context, keys }, "b")]).then(sum),
      120,
    );
    assert.equal(await rotateKey({ ...context, keys }, "a"), 0);
    const alone = new KeyRing([second]);
    const rows = await context.db.selectFrom("secrets").selectAll().execute();
    assert.deepEqual(new Set(rows.map((row) => unseal(alone, row))), new Set([VALUE]));
    assert.equal(rows.length, 120);
  });

  test("stop a rotation that cannot read one, which goes on once it can", async (t) => {
    const context = await testContext(t);
    await setOne(context, "TOKEN");
    const without = { ...context, keys: new KeyRing([second]) };
    const error = {
      code: Code.FailedPrecondition,
      message: new RegExp(`encrypted with key ${first.id}, which this server`),
    };
    await assert.rejects(rotateKey(without, "alice"), error);
    assert.equal(await rotateKey({ ...context, keys: new KeyRing([second, first]) }, "alice"), 1);
  });

  test("keep a server without their key from starting, and from setting others, until they are forgotten", async (t) => {
    const context = await testContext(t);
    await setOne(context, "TOKEN");
    const without = { ...context, keys: new KeyRing([second]) };
    await requireKeys(context.db, context.keys);
    const said = new RegExp(
      `key ${first.id}, which this server does not have .it has ${second.id}.: give all replicas`,
    );
    await assert.rejects(requireKeys(context.db, without.keys), said);
    await assert.rejects(setOne(without, "OTHER"), { code: Code.FailedPrecondition, message: said });
    assert.deepEqual(await forgetSecrets(context.db, without.keys), [`TOKEN of repository ${repository}`]);
    await requireKeys(context.db, without.keys);
  });
});

function setOne(context: ServerContext, name: string) {
  return setSecret(context, create(SetSecretRequestSchema, { name, repository, value: VALUE }), "alice");
}

function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
