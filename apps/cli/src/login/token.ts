import { resolve } from "node:path";
import { ExitCode } from "../exit-codes.ts";
import { readTextFile } from "../files.ts";
import { Failure, usage } from "../failure.ts";
import type { Io } from "../io.ts";
import { askSecret, readSecret } from "../prompt.ts";

/** Where `crew login` may find the token. */
export interface TokenOptions {
  token?: string;
  tokenFile?: string;
}

/** Finds the token: `--token`, `--token-file`, GROUNDCREW_TOKEN, the terminal (without echo), or standard input. */
export async function findToken(io: Io, options: TokenOptions): Promise<string> {
  return checkToken((await rawToken(io, options)).trim());
}

async function rawToken(io: Io, { token, tokenFile }: TokenOptions): Promise<string> {
  if (token !== undefined) return token;
  if (tokenFile === "-") return readSecret(io);
  if (tokenFile !== undefined) return readTextFile(resolve(io.cwd, tokenFile), tokenFile);
  const fromEnvironment = io.env["GROUNDCREW_TOKEN"];
  if (fromEnvironment) return fromEnvironment;
  return io.stdin.isTTY ? askSecret(io, "Token (not shown)") : readSecret(io);
}

/** The token if it can be an operator's. The text is never quoted: it may be somebody's secret all the same. */
export function checkToken(token: string): string {
  if (token === "")
    throw usage("no token was given", "use --token-file FILE, GROUNDCREW_TOKEN, or type it at the prompt");
  if (/^gc[ea]_/.test(token))
    throw wrongKind(token.startsWith("gce_") ? "an enrolment token" : "an agent's credential");
  if (!/^[\x21-\x7e]+$/.test(token)) throw usage("the token holds spaces or other characters no token has");
  return token;
}

function wrongKind(what: string): Failure {
  return new Failure(`this is ${what}, not an operator token`, {
    exitCode: ExitCode.credential,
    next: "use the admin token of the server's first start, or one made by: crew tokens create NAME",
  });
}
