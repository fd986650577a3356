import type { Command } from "commander";
import type { Config } from "../contexts/config-file.ts";
import { ExitCode } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withOutput, type Run } from "./command.ts";

/** `crew context`. */
export function addContext(program: Command, run: Run): void {
  const context = program
    .command("context")
    .summary("choose between servers")
    .description("Servers that crew is logged in to.");
  withOutput(context.command("ls"))
    .alias("list")
    .description("Lists the saved contexts. JSON never holds tokens.")
    .action(run(listContexts));
  context
    .command("use")
    .description("Makes a context the current one.")
    .argument("<name>", "a context")
    .action(run(useContext));
  context
    .command("rm")
    .description("Forgets a context, its token included. The token itself stays valid.")
    .argument("<name>", "a context")
    .action(run(removeContext));
}

async function listContexts(session: Session): Promise<void> {
  const { current, contexts } = session.config();
  const entries = Object.entries(contexts);
  if (session.format === "json") {
    const list = entries.map(([name, { url, token, fingerprint = "" }]) => ({
      name,
      url,
      current: name === current,
      loggedIn: token !== undefined,
      fingerprint,
    }));
    session.print([JSON.stringify({ contexts: list }, undefined, 2)]);
    return;
  }
  if (entries.length === 0) session.note("crew: no contexts yet; make one: crew login URL");
  const columns = [
    { title: " " },
    { title: "NAME", flexible: true },
    { title: "URL", flexible: true },
    { title: "TOKEN" },
  ];
  const rows = entries.map(([name, { url, token }]) => [
    name === current ? "*" : " ",
    name,
    url,
    token ? "saved" : "none",
  ]);
  session.print(session.tableLines({ columns, rows }));
}

async function useContext(session: Session, _options: object, name: string): Promise<void> {
  const config = session.config();
  requireContext(config, name);
  await session.saveConfig({ ...config, current: name });
  session.print([`Now using ${visible(name)} (${config.contexts[name]?.url ?? ""}).`]);
}

async function removeContext(session: Session, _options: object, name: string): Promise<void> {
  const config = session.config();
  requireContext(config, name);
  const contexts = Object.fromEntries(Object.entries(config.contexts).filter(([each]) => each !== name));
  const { current } = config;
  await session.saveConfig({ contexts, ...(current === undefined || current === name ? {} : { current }) });
  session.print([`Forgot ${visible(name)}.`]);
  if (current === name) session.note("crew: no context is current now; choose one: crew context use NAME");
}

function requireContext({ contexts }: Config, name: string): void {
  if (Object.hasOwn(contexts, name)) return;
  throw new Failure(`there is no context ${JSON.stringify(name)}`, {
    exitCode: ExitCode.notFound,
    next: "see them all: crew context ls",
  });
}
