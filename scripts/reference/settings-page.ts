import { anchor, page, table } from "./markdown.ts";

/** What a page tells of a setting: see `Setting` of packages/settings. */
interface Setting {
  flag: string;
  env?: string;
  description: string;
  default?: unknown;
  defaultText?: string;
  secret?: boolean;
  required?: boolean;
}

/** What a page tells of a program: see `Program` of packages/settings. */
interface Program {
  name: string;
  summary: string;
  configEnv?: string;
  settings: Record<string, Setting>;
  commands?: readonly { name: string; summary: string }[];
  exitCodes?: Readonly<Record<number, string>>;
  examples?: readonly string[];
}

const INTRODUCTION = `A flag wins over the environment, that over the file that \`--config\` names, that over the default. The file is YAML;
its keys are the flags without dashes. \`--help\` says the same as this page, and \`--version\` what it is.`;

/** The reference page of these programs' settings. */
export function settingsPage(programs: readonly Program[]): string {
  const links = programs.map(({ name, summary }) => `- [${name}](${anchor(name)}): ${summary}`);
  return page("the programs' own definitions by scripts/settings-reference.ts", [
    "# Settings",
    INTRODUCTION,
    links.join("\n"),
    ...programs.flatMap(renderProgram),
  ]);
}

function renderProgram(program: Program): string[] {
  const settings = Object.values(program.settings).toSorted((a, b) => (a.flag < b.flag ? -1 : 1));
  const { name, summary, configEnv, commands = [], exitCodes = {}, examples = [] } = program;
  return [
    `## ${name}`,
    summary,
    table(
      ["command", ""],
      commands.map((command) => [`\`${name} ${command.name}\``, command.summary]),
    ),
    table(
      ["setting", "variable", "default", ""],
      settings.map((setting) => [
        `\`${setting.flag}\``,
        setting.env === undefined ? "" : `\`${setting.env}\``,
        defaultOf(setting, name),
        setting.description,
      ]),
    ),
    configEnv === undefined ? "" : `\`${configEnv}\` names the file, as \`--config <file>\` does.`,
    table(["exit code", ""], Object.entries(exitCodes)),
    examples.length === 0 ? "" : ["```sh", ...examples, "```"].join("\n"),
  ];
}

function defaultOf(setting: Setting, program: string): string {
  if (setting.required) return "required";
  if (setting.flag.startsWith("--state-dir ")) return stateDirOf(program);
  const { default: value, defaultText } = setting;
  if (value === undefined) return defaultText ?? "";
  const text = defaultText ?? (typeof value === "string" ? value : JSON.stringify(value));
  return text === "" ? "" : `\`${text}\``;
}

/** Where a program keeps its state depends on who runs it, not on who makes this page. */
function stateDirOf(program: string): string {
  const folder = program.replace("-", "/");
  return `\`/var/lib/${folder}\` for root, else \`${folder}\` in \`$XDG_STATE_HOME\` or \`~/.local/state\``;
}
