import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { OUTPUTS_MAX_BYTES, OutputsError, readStepOutputs } from "./step-outputs.ts";

async function outputFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "outputs-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "1");
}

const read = (file: string, secrets: string[] = []) => readStepOutputs({ file, declared: ["a", "b"], secrets });

suite("a step's outputs", () => {
  test("are none where the step wrote no file", async (t) => {
    assert.deepEqual(await read(await outputFile(t)), { values: {}, notes: [] });
  });

  test("leave out names that are not declared, and values that hold a secret or a NUL", async (t) => {
    const file = await outputFile(t);
    await writeFile(file, "a=fine\nb=it is hunter2!\nc=3\n");
    const { values, notes } = await read(file, ["", "hunter2"]);
    assert.deepEqual(values, { a: "fine" });
    assert.deepEqual(notes, [
      "the output b is not handed on: it holds a secret",
      "the output c is not handed on: the step's `outputs` do not name it",
    ]);
    await writeFile(file, "a=\0\n");
    assert.deepEqual((await read(file)).notes, ["the output a is not handed on: it holds a NUL byte"]);
  });

  test("may fill 64 KiB and no more", async (t) => {
    const file = await outputFile(t);
    await writeFile(file, `a=${"x".repeat(OUTPUTS_MAX_BYTES - 2)}`);
    assert.equal((await read(file)).values["a"]?.length, OUTPUTS_MAX_BYTES - 2);
    await writeFile(file, `a=${"x".repeat(OUTPUTS_MAX_BYTES - 1)}`);
    await assert.rejects(read(file), new OutputsError("$GROUNDCREW_OUTPUT is larger than 64 KiB"));
  });

  test("are not read through a link, which might lead to a file of ours, nor from a pipe", async (t) => {
    const file = await outputFile(t);
    await writeFile(`${file}-other`, "a=stolen\n");
    await symlink(`${file}-other`, file);
    await assert.rejects(read(file), /cannot be read: ELOOP/);
    await rm(file);
    execFileSync("mkfifo", [file]);
    await assert.rejects(read(file), /no longer a regular file/);
  });
});
