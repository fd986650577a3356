import { X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { serverCertificate } from "@groundcrew/rpc";
import type { Context } from "../contexts/config-file.ts";
import { ExitCode } from "../exit-codes.ts";
import { readTextFile } from "../files.ts";
import { Failure, usage } from "../failure.ts";
import type { Session } from "../session.ts";
import { confirm } from "../prompt.ts";

/** What `crew login` is told to trust. */
export interface TrustOptions {
  fingerprint?: string;
  caFile?: string;
}

/** How a server proves itself from now on. */
export type Trust = Pick<Context, "fingerprint" | "ca">;

/** Decides how the server at `url` proves itself: by what was given, else by its certificate once the user agrees. */
export async function decideTrust(
  session: Session,
  url: string,
  options: TrustOptions,
  known: Context | undefined,
): Promise<Trust> {
  if (options.fingerprint !== undefined) return { fingerprint: checkFingerprint(options.fingerprint) };
  if (options.caFile !== undefined) return { ca: await readCa(session, options.caFile) };
  if (url.startsWith("http:")) return {};
  if (known?.ca !== undefined) return { ca: known.ca };
  const { fingerprint } = await serverCertificate(url);
  if (known?.fingerprint === fingerprint) return { fingerprint };
  await askToTrust(session, url, fingerprint, known?.fingerprint);
  return { fingerprint };
}

/** A fingerprint as it is saved: `sha256:` and 64 lower-case hexadecimal digits; colons between bytes are taken too. */
export function checkFingerprint(text: string): string {
  const hex = text
    .replace(/^sha-?256[:=]/i, "")
    .replaceAll(":", "")
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return `sha256:${hex}`;
  throw usage(
    `--fingerprint is ${JSON.stringify(text)}`,
    "write sha256: and 64 hexadecimal digits, as the server logs it",
  );
}

async function readCa(session: Session, path: string): Promise<string> {
  const pem = await readTextFile(resolve(session.io.cwd, path), path);
  try {
    void new X509Certificate(pem);
    return pem;
  } catch {
    throw usage(`${path} is not a PEM certificate`);
  }
}

async function askToTrust(session: Session, url: string, fingerprint: string, before?: string): Promise<void> {
  const changed = before === undefined ? [] : ["It is not the one pinned before:", `  ${before}`];
  session.note(`${url} shows a certificate with the fingerprint`, `  ${fingerprint}`, ...changed);
  if (!session.io.stdin.isTTY) throw untrusted("nobody is here to confirm the server's certificate", url);
  const question = "Is it the fingerprint that the server printed at its start?";
  if (!(await confirm(session.io, question))) throw untrusted("the server's certificate was not confirmed", url);
}

function untrusted(what: string, url: string): Failure {
  const next = `ask the server's operator for the fingerprint, then: crew login ${url} --fingerprint sha256:...`;
  return new Failure(what, { exitCode: ExitCode.credential, next });
}
