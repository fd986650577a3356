import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { enrolLine } from "./enrol-line.ts";

suite("the line for a new machine", () => {
  test("says where, whom to trust, and with which token", () => {
    assert.equal(
      enrolLine({ server: "https://ci:7070", fingerprint: "sha256:aa", token: "gce_x", serves: "build" }),
      "groundcrew-agent --server https://ci:7070 --fingerprint sha256:aa --token gce_x",
    );
  });
  test("quotes what a shell would take apart", () => {
    assert.equal(
      enrolLine({ server: "http://127.0.0.1:1", token: "gce_x", serves: "vetting", name: "it's; rm" }),
      `groundcrew-agent --server http://127.0.0.1:1 --token gce_x --serves vetting --name 'it'\\''s; rm'`,
    );
  });
});
