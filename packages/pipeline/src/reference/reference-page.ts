import type { z } from "zod";
import { expressionFunctions, expressionVariables } from "../expression-names.ts";
import { type Level, levels } from "../levels.ts";
import { limits } from "../limits.ts";
import { matrixSchema } from "../schema.ts";
import { defaultText } from "./default-text.ts";

/** Where each mapping stands, in the order of the page. */
const places: [level: Level, place: string][] = [
  ["file", "The file"],
  ["workflow", "A workflow: `workflows.NAME`"],
  ["condition", "`when`, or an item of it"],
  ["filter", "`event`, `branch`, `tag`, `path` or `cron` in full"],
  ["dependency", "An item of `depends_on` in full"],
  ["concurrency rule", "`concurrency` in full"],
  ["retry rule", "`retry` of a workflow in full"],
  ["checkout", "`checkout` in full"],
  ["step", "A step: an item of `steps`"],
  ["parallel group", "A group: an item of `steps`"],
  ["retry rule of a step", "`retry` of a step in full"],
  ["service", "`service` in full"],
  ["artifact", "`artifacts`, or an item of it"],
  ["download", "An item of `downloads` in full"],
  ["cache rule", "`cache`, or an item of it"],
  ["computed value", "A computed value: in `env`, `labels`, and as `concurrency.group`"],
];

/** The reference page of the pipeline file, as Markdown, made of the schema that files are checked by. */
export function referencePage(): string {
  const parts = [
    "<!-- Generated from the schema in packages/pipeline. Do not edit. -->",
    "# The pipeline file",
    "Every key of `.groundcrew.yaml`, and of the files in `.groundcrew/`. What they are for: [Pipelines](../pipelines.md).",
    ...places.flatMap(([level, place]) => [`## ${place}`, table(levels[level].shape)]),
    "## `matrix`",
    "Every other key is one of the author's, with a list of values. The steps get them as `MATRIX_<KEY>`: upper case, `-` " +
      "as `_`. A cell is named after its values, as in `test (node=26, os=linux)`.",
    table(matrixSchema.shape),
    "## Expressions",
    `They may name ${codes(expressionVariables)}, and call ${codes(expressionFunctions)}, besides CEL's operators and ` +
      "`all`, `exists`, `exists_one`, `filter` and `map` of lists.",
    "## Limits",
    limitTable(),
  ];
  return `${parts.join("\n\n")}\n`;
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

function table(shape: Record<string, z.ZodType>): string {
  const rows = Object.entries(shape).map(
    ([key, value]) =>
      `| \`${key}\` | ${(value.description ?? "").replaceAll("|", String.raw`\|`)} | ${presence(value)} |`,
  );
  return ["| key | meaning | default |", "|---|---|---|", ...rows].join("\n");
}

function presence(value: z.ZodType): string {
  if (!value.safeParse(undefined).success) return "required";
  const text = value.description?.includes("without it") ? undefined : defaultText(value);
  return text === undefined ? "" : `\`${text}\``;
}

function limitTable(): string {
  const rows: [what: string, limit: string][] = [
    ["all files of a pipeline", `${limits.fileBytes / 1024 / 1024} MiB, ${limits.files} files`],
    ["workflows, each cell of a matrix counted", String(limits.workflows)],
    ["cells of a matrix, also before `exclude`", String(limits.cells)],
    ["steps of a workflow", String(limits.steps)],
    ["variables of one `env`", String(limits.variables)],
    ["labels of a workflow", String(limits.labels)],
    ["items of other lists", String(limits.items)],
    ["one `run` or value of a variable", `${limits.textBytes / 1024} KiB`],
    ["all texts of a workflow", `${limits.workflowBytes / 1024 / 1024} MiB`],
    ["all texts of a pipeline, matrices expanded", `${limits.planBytes / 1024 / 1024} MiB`],
    ["one expression", `${limits.expressionCharacters} characters, ${limits.expressionLoops} loops over lists`],
    ["patterns in all `path` of `when`", String(limits.pathPatterns)],
    ["changed files that `path` looks at; of more, none is left out", String(limits.changedPaths)],
  ];
  return ["| what | at most |", "|---|---|", ...rows.map(([what, limit]) => `| ${what} | ${limit} |`)].join("\n");
}
