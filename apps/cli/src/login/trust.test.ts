import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { checkToken } from "./token.ts";
import { checkFingerprint } from "./trust.ts";

const hex = "0123456789abcdef".repeat(4);

suite("a fingerprint", () => {
  const colons = hex.match(/../g)?.join(":") ?? "";
  for (const text of [hex, `sha256:${hex}`, `SHA256:${hex.toUpperCase()}`, `sha256:${colons}`, `SHA-256=${colons}`]) {
    test(`${text.slice(0, 20)}… is understood`, () => assert.equal(checkFingerprint(text), `sha256:${hex}`));
  }
  for (const text of ["", "sha256:", "sha1:aa", `${hex}0`, "sha256:..."]) {
    test(`${JSON.stringify(text.slice(0, 20))} is refused`, () =>
      assert.throws(() => checkFingerprint(text), /--fingerprint is/));
  }
});

suite("a token", () => {
  test("of an operator is taken", () => assert.equal(checkToken("gco_abc"), "gco_abc"));
  for (const token of ["", "gce_enrolment", "gca_agent", "two words", "new\nline"]) {
    test(`${JSON.stringify(token)} is refused, without being repeated`, () => {
      assert.throws(
        () => checkToken(token),
        (error) => error instanceof Error && (token === "" || !error.message.includes(token)),
      );
    });
  }
});
