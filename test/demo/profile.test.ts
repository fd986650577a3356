import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { isSkipped, parseProfile } from "../../packages/vetting/src/index.ts";
import { demoProfile, hasTool } from "./profile.ts";

suite("the demo's profile", () => {
  test("is the server's own where the machine has the tools", () => {
    assert.deepEqual(demoProfile(true), { profile: "demo" });
  });

  test("declares the CPU stage a skip where stress-ng is missing, and is otherwise the same", () => {
    const choice = demoProfile(false);
    assert.ok("profileFile" in choice);
    const parsed = parseProfile(choice.profileFile);
    assert.ok(parsed.ok);
    const { stages } = parsed.profile;
    const ran = stages.filter((stage) => !isSkipped(stage)).map(({ name }) => name);
    assert.deepEqual(ran, ["inventory", "spec_validate"]);
    const cpu = stages.find(({ name }) => name === "cpu_stress");
    assert.ok(cpu && isSkipped(cpu));
    assert.match(cpu.skip, /Debian package stress-ng/);
  });

  test("asks for a program, not just a file of its name", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "groundcrew-tool-"));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "such-a-tool"), "", { mode: 0o644 });
    assert.equal(hasTool("such-a-tool", folder), false);
    await writeFile(join(folder, "another-tool"), "", { mode: 0o755 });
    assert.equal(hasTool("another-tool", `/nowhere:${folder}`), true);
  });
});
