import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeSshKey } from "./ssh-key.ts";

test("a key pair is what OpenSSH reads: the private key gives the public one, and signs", async (t) => {
  const { publicKey, privateKey } = makeSshKey("groundcrew-hold-7");
  assert.match(publicKey, /^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43} groundcrew-hold-7$/);
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-key-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "key");
  await writeFile(file, privateKey);
  await chmod(file, 0o600);
  try {
    assert.equal(execFileSync("ssh-keygen", ["-y", "-f", file]).toString().trim(), publicKey);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return t.skip("needs ssh-keygen (Debian package openssh-client)");
    }
    throw error;
  }
  await writeFile(join(folder, "text"), "words");
  execFileSync("ssh-keygen", ["-Y", "sign", "-q", "-n", "file", "-f", file, join(folder, "text")], { stdio: "pipe" });
});

test("no two keys are the same", () => {
  assert.notEqual(makeSshKey("a").privateKey, makeSshKey("a").privateKey);
});
