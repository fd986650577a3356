import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryFolder } from "../testing.ts";

// Does what docker and podman do with these commands, as far as their callers can see, and writes down each of them.
const STAND_IN = `#!/bin/sh
here=\${0%/*}
printf '%s\\n' "$*" >>"$here/calls"
[ "$1" = --config ] && shift 2
case $1 in
version) exec cat "$here/version" ;;
ps) exec cat "$here/left" ;;
create)
  while [ $# -gt 0 ]; do [ "$1" = --env-file ] && { cat "$2"; stat -c %a "$2"; } >"$here/env-file"; shift; done
  echo pulling >&2; echo 0123456789ab; exec sh "$here/create" ;;
start) echo $$ >"$here/pid"; exec sh "$here/start" ;;
kill) exec kill -s "$3" "$(cat "$here/pid")" ;;
esac`;

/** A stand-in for docker or podman, alone on PATH, and what it was called with. */
export async function standIn(t: TestContext, name: "docker" | "podman") {
  const folder = await temporaryFolder(t);
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  await write(name, STAND_IN);
  await chmod(join(folder, name), 0o755);
  for (const file of ["version", "left", "create", "start"]) await write(file, "");
  const { PATH } = process.env;
  process.env["PATH"] = `${folder}:/usr/bin:/bin`;
  t.after(() => (process.env["PATH"] = PATH));
  const read = async (file: string) => (await readFile(join(folder, file), "utf8")).trimEnd();
  return { write, read, calls: async () => (await read("calls")).split("\n") };
}
