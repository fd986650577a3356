import type { Command } from "commander";
import type { WhoAmIResponse } from "@groundcrew/proto";
import { normalUrl } from "../contexts/target.ts";
import { usage } from "../failure.ts";
import { findToken, type TokenOptions } from "../login/token.ts";
import { decideTrust, type TrustOptions } from "../login/trust.ts";
import { roleText } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withExamples, type Run } from "./command.ts";

/** `crew login` and `crew logout`. */
export function addLogin(program: Command, run: Run): void {
  const login = program
    .command("login")
    .summary("log in to a server")
    .description(
      "Verifies a token with a server and saves both as a context, which becomes the current one. The token is asked " +
        "for on the terminal, or read from --token-file, GROUNDCREW_TOKEN or standard input. --context names the " +
        "context; without it the server's host and port do.",
    )
    .argument("<url>", "http://HOST:PORT on this machine, or https://HOST:PORT")
    .option("--token <token>", "the token; other users of this machine can see it in the process list")
    .option("--token-file <file>", "a file that holds the token; - is standard input")
    .option("--fingerprint <sha256:hex>", "trust exactly this server certificate")
    .option("--ca-file <file>", "trust certificates that this PEM certificate authority signed")
    .action(run(logIn));
  withExamples(login, [
    "crew login http://127.0.0.1:7070 --token-file admin-token",
    "crew login https://ci.example.com:7070 --context work",
  ]);
  program
    .command("logout")
    .summary("forget the token of a context")
    .description("Forgets the token of the current context, or of --context. The token itself stays valid.")
    .action(run(logOut));
}

async function logIn(session: Session, options: TokenOptions & TrustOptions, address: string): Promise<void> {
  if (session.globals.url !== undefined) throw usage("--url has no place here", "give the address: crew login URL");
  const url = normalUrl(address);
  const name = session.globals.context ?? new URL(url).host;
  const { contexts } = session.config();
  const known = Object.hasOwn(contexts, name) && contexts[name]?.url === url ? contexts[name] : undefined;
  session.aimAt(url);
  const trust = await decideTrust(session, url, options, known);
  const token = await findToken(session.io, options);
  const operator = await session.dial({ url, token, ...trust });
  const who = await operator.whoAmI({}, session.call);
  // Read again: another crew may have saved a context while this one asked.
  const config = session.config();
  await session.saveConfig({ current: name, contexts: { ...config.contexts, [name]: { url, token, ...trust } } });
  session.print([greeting(url, who), `Saved as context ${visible(name)}, which is now the current one.`]);
}

function greeting(url: string, who: WhoAmIResponse): string {
  return visible(`Logged in to ${url} (server ${who.serverVersion}) as ${who.name}, ${roleText(who.role)}.`);
}

async function logOut(session: Session): Promise<void> {
  const { name } = session.target();
  const config = session.config();
  const context = name === undefined ? undefined : config.contexts[name];
  if (name === undefined || !context) throw usage("no saved context has this address", "crew context ls");
  const { token: _forgotten, ...rest } = context;
  await session.saveConfig({ ...config, contexts: { ...config.contexts, [name]: rest } });
  session.print([`Forgot the token of context ${visible(name)}.`]);
}
