import type { Command } from "commander";
import { usage } from "../failure.ts";
import { renderTopic, topics } from "../help/topics.ts";
import type { Session } from "../session.ts";
import type { Run } from "./command.ts";

/** `crew help`: of a command, or a topic. */
export function addHelp(program: Command, run: Run): void {
  const names = topics.map(({ name }) => name).join(", ");
  program
    .command("help")
    .summary(`help of a command, or about: ${names}`)
    .description(`Prints the help of a command, or of one of the topics ${names}.`)
    .argument("[topic...]", "a command's words, or a topic")
    .action(run((session, _options: object, words: string[]) => printHelp(session, program, words)));
}

async function printHelp(session: Session, program: Command, words: string[]): Promise<void> {
  const topic = topics.find(({ name }) => words.length === 1 && name === words[0]);
  if (topic) session.print(renderTopic(topic));
  else session.io.stdout.write(findCommand(program, words).helpInformation());
}

function findCommand(program: Command, words: string[]): Command {
  let found = program;
  for (const word of words) {
    const next = found.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (!next) throw usage(`there is no help for ${JSON.stringify(words.join(" "))}`, "see what there is: crew help");
    found = next;
  }
  return found;
}
