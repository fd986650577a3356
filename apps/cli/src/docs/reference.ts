import type { Argument, Command, Option } from "commander";
import { examplesOf } from "../commands/command.ts";
import { renderTopic, topics } from "../help/topics.ts";

/** The reference page of a command tree, as Markdown. */
export function renderReference(program: Command): string {
  const parts = [
    "<!-- Generated from the command tree of apps/cli. Do not edit. -->",
    "# crew",
    program.description(),
    "Noun, then verb. Options may stand anywhere after the command they belong to.",
    "## Options of every command",
    optionTable(program),
    ...visibleCommands(program).flatMap((noun) => renderCommand(noun, "crew", 2)),
    ...topics.flatMap((topic) => [
      `## ${capital(topic.name.replace("-", " "))}`,
      fence("", renderTopic(topic).slice(2)),
    ]),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function renderCommand(command: Command, parent: string, level: number): string[] {
  const path = `${parent} ${command.name()}`;
  const children = visibleCommands(command);
  const own = [`${"#".repeat(level)} ${path}`, command.description(), aliasText(command)];
  if (children.length > 0) return [...own, ...children.flatMap((child) => renderCommand(child, path, level + 1))];
  const examples = examplesOf(command);
  return [
    ...own,
    fence("", [`${path} ${command.usage()}`]),
    argumentTable(command),
    optionTable(command),
    examples.length === 0 ? "" : fence("sh", examples),
  ];
}

function visibleCommands(command: Command): Command[] {
  const help = command.createHelp();
  return help.visibleCommands(command).filter((each) => command.commands.includes(each));
}

function aliasText(command: Command): string {
  const names = command.aliases().map((alias) => `\`${alias}\``);
  return names.length === 0 ? "" : `Also: ${names.join(", ")}.`;
}

function argumentTable(command: Command): string {
  const rows = command.registeredArguments.map((each) => [argumentTerm(each), choiceText(each)] as const);
  return table("argument", rows);
}

function argumentTerm(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionTable(command: Command): string {
  return table(
    "option",
    command.options.filter(({ hidden }) => !hidden).map((each) => [each.flags, choiceText(each)] as const),
  );
}

function choiceText({ description, argChoices, defaultValue }: Argument | Option): string {
  const choices = argChoices ? ` One of ${argChoices.join(", ")}.` : "";
  const hasDefault = typeof defaultValue === "string" || typeof defaultValue === "number";
  return `${capital(description)}.${choices}${hasDefault ? ` Default: ${defaultValue}.` : ""}`;
}

function table(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return "";
  const cells = rows.map(([term, text]) => `| \`${term}\` | ${text.replaceAll("|", "\\|")} |`);
  return [`| ${title} | |`, "|---|---|", ...cells].join("\n");
}

function fence(language: string, lines: readonly string[]): string {
  return [`\`\`\`${language}`, ...lines, "```"].join("\n");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
