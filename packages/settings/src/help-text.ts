import { keyOf, type Program, type Settings } from "./program.ts";
import type { Setting } from "./setting.ts";

/** What `--help` prints: usage, commands, every setting with its default and variable, exit codes, examples. */
export function helpText(program: Program): string {
  const commands = program.commands ?? [];
  const usage = `  ${program.name}${commands.length > 0 ? " [command]" : ""} [settings]`;
  const sections = [
    section("Usage", [usage]),
    section("Commands", columns(commands.map(({ name, summary }) => [name, summary]))),
    section("Settings", settingLines(program.settings)),
    ...commands.map(({ name, settings }) => section(`Settings of ${name}`, settingLines(settings ?? {}))),
    section("Also", columns(alsoRows(program))),
    section("Exit codes", columns(Object.entries(program.exitCodes ?? {}))),
    section(
      "Examples",
      (program.examples ?? []).map((example) => `  ${example}`),
    ),
  ];
  return `${program.name}: ${program.summary}\n${sections.join("")}`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `\n${title}\n${lines.join("\n")}\n`;
}

function alsoRows(program: Program): (readonly [string, string])[] {
  const variable = program.configEnv === undefined ? "" : `, or ${program.configEnv}`;
  return [
    ["--config <file>", `Read settings from a YAML file: their names without dashes${variable}`],
    ["", "A flag wins over the environment, that over the file, that over the default."],
    ["--help, --version", "Say so and exit."],
  ];
}

function settingLines(settings: Settings): string[] {
  const rows = Object.values(settings).toSorted((a, b) => keyOf(a).localeCompare(keyOf(b), "en"));
  return columns(
    rows.flatMap((setting) => [
      [setting.flag, setting.description] as const,
      ...origins(setting).map((line) => ["", line] as const),
    ]),
  );
}

function origins(setting: Setting<unknown>): string[] {
  const fallback = setting.defaultText ?? defaultText(setting.default);
  const parts = [
    setting.required ? "required" : "",
    fallback === "" || setting.secret ? "" : `default ${fallback}`,
    setting.env === undefined ? "" : `env ${setting.env}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? [] : [`[${parts.join("; ")}]`];
}

/** A flag that takes no value is off until given: that needs no words. */
function defaultText(value: unknown): string {
  if (value === undefined || value === false) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
