import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { suite, test } from "node:test";
import { agentProgram, enrolAdvice, enrolLine } from "./enrol-line.ts";

suite("the line for a new machine", () => {
  test("says where, whom to trust, and with which token", () => {
    assert.equal(
      enrolLine(
        { server: "https://ci:7070", fingerprint: "sha256:aa", token: "gce_x", serves: "build" },
        "groundcrew-agent",
      ),
      "groundcrew-agent --server https://ci:7070 --fingerprint sha256:aa --token gce_x",
    );
  });
  test("quotes what a shell would take apart", () => {
    assert.equal(
      enrolLine(
        { server: "http://127.0.0.1:1", token: "gce_x", serves: "vetting", name: "it's; rm" },
        "/opt/ground crew/agent",
      ),
      `'/opt/ground crew/agent' --server http://127.0.0.1:1 --token gce_x --serves vetting --name 'it'\\''s; rm'`,
    );
  });
});

suite("what to do with the line", () => {
  test("on this machine: nothing, it names the program of this checkout", () => {
    const program = agentProgram("http://127.0.0.1:7070");
    assert.ok(isAbsolute(program) && existsSync(program));
    assert.match(enrolAdvice("http://[::1]:7070").join("\n"), /others cannot dial \[::1\].*--agent-url/);
  });

  test("on another: make the checkout that has the program", () => {
    assert.equal(agentProgram("https://ci:7070"), "groundcrew-agent");
    assert.match(enrolAdvice("https://ci:7070").join("\n"), /^On the new machine: clone .*`make setup`.*bin\/[^\n]*$/);
  });

  for (const host of ["0.0.0.0", "[::]"]) {
    test(`nowhere, when it names ${host}, which nobody can dial`, () => {
      assert.ok(
        enrolAdvice(`https://${host}:7070`).at(-1)?.includes(`cannot dial ${host}: set the server's --agent-url`),
      );
    });
  }
});
