import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, resolve } from "node:path";
import { Option, type Command } from "commander";
import { ListAttestationKeysResponseSchema } from "@groundcrew/proto";
import { readPublicKey, type Statement, verifyAttestation } from "@groundcrew/vetting";
import { ExitCode } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { readTextFile } from "../files.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withExamples, withOutput, type Run } from "./command.ts";

/** The longest attestation that is read, in bytes: 64 MiB. */
const MAX_BYTES = 64 * 2 ** 20;

/** `crew vet attestation`. */
export function addAttestation(vet: Command, run: Run): void {
  const attestation = vet
    .command("attestation")
    .summary("prove what a run found, without the server")
    .description(
      "An attestation is what a run found, signed by the server: an in-toto statement of the test result " +
        "(predicate test-result/v0.1) in a DSSE envelope, Ed25519. Fetch one: crew vet report RUN --format attestation",
    );
  const key = withOutput(attestation.command("key"))
    .description("Prints the server's public key, PEM; --all adds those that it signed with before.")
    .option("--all", "every key, the newest first")
    .action(run(printKeys));
  withExamples(key, ["crew vet attestation key > groundcrew.pub"]);
  const verify = withOutput(attestation.command("verify"))
    .description(
      "Verifies an attestation here, without a server, by a public key that you fetched before. With --subject it also " +
        "compares files with the digests that were signed. The exit code is 0 only if everything holds and the machine " +
        "passed; 8 if it holds and the machine did not; 1 if it does not hold.",
    )
    .argument("<file>", "the attestation")
    .addOption(new Option("--key <file>", "the public key, PEM").makeOptionMandatory())
    .option("--subject <file...>", "a file that it speaks of, such as report.html or inventory.json")
    .action(run(verifyOne));
  withExamples(verify, [
    "crew vet attestation verify vetting-4.attestation.json --key groundcrew.pub",
    "crew vet attestation verify att.json --key groundcrew.pub --subject vetting-4.html vetting-4.inventory.json",
  ]);
}

async function printKeys(session: Session, { all = false }: { all?: boolean }): Promise<void> {
  const operator = await session.operator();
  const response = await operator.listAttestationKeys({}, session.call);
  const shown = all ? response.keys : response.keys.slice(0, 1);
  session.show(ListAttestationKeysResponseSchema, { ...response, keys: shown }, () =>
    shown.map(({ publicKey }) => publicKey.trimEnd()),
  );
}

interface VerifyOptions {
  key: string;
  subject?: string[];
}

async function verifyOne(session: Session, options: VerifyOptions, file: string): Promise<ExitCode> {
  const { cwd } = session.io;
  const text = await readTextFile(resolve(cwd, file), file, MAX_BYTES);
  const result = verifyAttestation(text, await keyOf(cwd, options.key));
  if (!result.ok)
    throw new Failure(`${file} does not hold`, { exitCode: ExitCode.failure, why: visible(result.reason) });
  for (const subject of options.subject ?? []) await compare(cwd, subject, result.statement);
  if (session.format === "json") session.print([JSON.stringify(result, undefined, 2)]);
  else session.print(linesOf(result.statement, result.keyId));
  return result.statement.predicate.result === "FAILED" ? ExitCode.unsuccessful : ExitCode.ok;
}

async function keyOf(cwd: string, file: string) {
  const pem = await readTextFile(resolve(cwd, file), file);
  try {
    return readPublicKey(pem);
  } catch (error) {
    throw usage(`--key ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Throws unless the file's digest is one of those that were signed. */
async function compare(cwd: string, file: string, { subject }: Statement): Promise<void> {
  const sha256 = await digestOf(resolve(cwd, file), file);
  if (subject.some(({ digest }) => digest["sha256"] === sha256)) return;
  const signed = subject.map(({ name, digest }) => `${name} ${digest["sha256"]}`).join(", ");
  const why = `its SHA-256 is ${sha256}; signed are ${visible(signed)}`;
  throw new Failure(`${basename(file)} is not what was signed`, { exitCode: ExitCode.failure, why });
}

async function digestOf(path: string, name: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const part of createReadStream(path)) hash.update(part as Buffer);
  } catch (error) {
    throw usage(`cannot read ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return hash.digest("hex");
}

function linesOf({ subject, predicate }: Statement, keyId: string): string[] {
  const [configuration] = predicate.configuration;
  const list = (title: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${title}: ${names.join(", ")}`];
  const said = (name: string) => {
    const value = configuration?.annotations?.[name];
    return typeof value === "string" && value !== "" ? [`${name}: ${value}`] : [];
  };
  const skipped = configuration?.annotations?.["skipped"];
  return [
    `The signature holds: ${predicate.result}`,
    ...["machine", "serial", "systemUuid", "run", "madeAt"].flatMap(said),
    ...(configuration?.name === undefined ? [] : [configuration.name]),
    ...list("passed", predicate.passedTests),
    ...list("warned", predicate.warnedTests),
    ...list("failed", predicate.failedTests),
    ...list("skipped", typeof skipped === "object" && skipped !== null ? Object.keys(skipped) : []),
    ...subject.map(({ name, digest }) => `speaks of ${name}, sha256 ${digest["sha256"]}`),
    `key ${keyId}`,
  ].map(visible);
}
