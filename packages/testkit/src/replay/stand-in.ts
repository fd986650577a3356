import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Answer } from "./scenario.ts";

/** What a tool that floods writes, in bytes. */
const HUGE_BYTES = 80_000_000;

/**
 * Writes a program that answers as a tool would: a shell script, which starts in a millisecond. What it is called with is
 * kept in `calls`, a line each.
 */
export async function writeStandIn(options: {
  tool: string;
  bin: string;
  folder: string;
  answers: Answer[];
}): Promise<void> {
  const { tool, bin, folder, answers } = options;
  await mkdir(folder, { recursive: true });
  for (const [number, answer] of answers.entries()) await writeContents(join(folder, String(number)), answer);
  const script = [
    "#!/bin/sh",
    // Its own PATH: the one it is given holds nothing but stand-ins.
    "PATH=/usr/bin:/bin",
    `here=${quoted(folder)}`,
    `printf '%s\\n' "$*" >>"$here/calls"`,
    ...answers.map((answer, number) => fits(answer, number)),
    `echo "${tool}: the scenario has no answer for: $*" >&2`,
    "exit 64",
    "",
  ];
  await writeFile(join(bin, tool), script.join("\n"), { mode: 0o755 });
}

async function writeContents(folder: string, answer: Answer): Promise<void> {
  await mkdir(folder);
  const stdout = answer.json === undefined ? answer.stdout : `${JSON.stringify(answer.json, undefined, 2)}\n`;
  const cut = answer.behave === "truncated" ? stdout.slice(0, Math.floor(stdout.length * 0.6)) : stdout;
  const garbage = Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 7919 + (n >> 3) * 104_729) & 255));
  await writeFile(join(folder, "out"), answer.behave === "garbage" ? garbage : cut);
  await writeFile(join(folder, "err"), answer.stderr);
  for (const [at, text] of Object.values(answer.writes).entries()) await writeFile(join(folder, `file-${at}`), text);
}

/** The lines of shell that give an answer and end, if it fits. */
function fits(answer: Answer, number: number): string {
  const own = `"$here/${number}"`;
  const uses =
    answer.times === undefined ? [] : [`[ "$(cat ${own}/used 2>/dev/null | wc -l)" -lt ${answer.times} ] &&`];
  return [
    `case "$*" in ${pattern(answer.when)})`,
    `  ${uses.join(" ")} {`,
    `    echo >>${own}/used`,
    ...give(answer, own).map((line) => `    ${line}`),
    `  } ;;`,
    `esac`,
  ].join("\n");
}

/** Lines that find the seconds of --timeout. */
const SECONDS = [
  `seconds=0 last=`,
  `for one in "$@"; do [ "$last" = --timeout ] && seconds=\${one%s}; last=$one; done`,
];

function give(answer: Answer, own: string): string[] {
  const { delay_ms, lasts, exit, behave, writes } = answer;
  const wait = delay_ms === 0 ? [] : [`sleep ${delay_ms / 1000}`];
  const written = Object.keys(writes).flatMap((flag, at) => [
    `file= seconds= last=`,
    `for one in "$@"; do`,
    `  [ "$last" = ${quoted(flag)} ] && file=$one`,
    `  [ "$last" = --timeout ] && seconds=\${one%s}`,
    `  last=$one`,
    `done`,
    `[ -n "$file" ] && sed "s/\\\${seconds}/$seconds/g" ${own}/file-${at} >"$file"`,
  ]);
  const said = [`cat ${own}/out`, `cat ${own}/err >&2`];
  switch (behave) {
    case "good":
    case "garbage":
    case "truncated":
      // By exec, so that nothing is left when it is stopped.
      if (lasts) return [...written, ...said, ...SECONDS, `exec sleep "$seconds"`];
      return [...wait, ...written, ...said, `exit ${exit}`];
    case "hang":
      return [...said, "exec sleep 100000"];
    case "ignore_term":
      return ["trap '' TERM INT HUP", ...said, "while :; do sleep 1000; done"];
    case "huge":
      return [...said, `yes 'a line that says nothing' | head -c ${HUGE_BYTES}`, `exit ${exit}`];
    case "escape":
      return [
        `setsid sh -c 'echo $$ >"$1"; exec sleep 100000' sh "$here/escaped" >/dev/null 2>&1 &`,
        ...wait,
        ...written,
        ...said,
        `exit ${exit}`,
      ];
    default:
      return behave satisfies never;
  }
}

/** A pattern of the shell whose spaces are meant. */
function pattern(when: string): string {
  return when.replaceAll(/[^\w*?\-.,:/=[\]]/g, (character) => `\\${character}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
