import { create } from "@bufbuild/protobuf";
import {
  ListSecretEventsResponseSchema,
  ListSecretsResponseSchema,
  RemoveSecretResponseSchema,
  RotateSecretKeyResponseSchema,
  SetSecretResponseSchema,
} from "@groundcrew/proto";
import type { Command } from "commander";
import { usage } from "../failure.ts";
import type { Io } from "../io.ts";
import { collect, noteList } from "../paging.ts";
import { askSecret, readSecret } from "../prompt.ts";
import { secretEventTable } from "../render/secret-event-table.ts";
import { secretTable } from "../render/secret-table.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withExamples, withList, withOutput, type Run } from "./command.ts";

/** The largest value, in bytes: operator.proto's figure, and a last line break. */
const VALUE_MAX_BYTES = 64 * 1024 + 2;

/** Whose secret it is. */
interface PlaceOptions {
  repository?: string;
  owner?: string;
}

/** `crew secrets`. */
export function addSecrets(program: Command, run: Run): void {
  const secrets = program
    .command("secrets")
    .alias("secret")
    .summary("what steps need and logs must not show")
    .description("Secrets of repositories and owners. A value can be set and used, and never be read again.");
  addSet(secrets, run);
  withPlace(withList(secrets.command("ls")))
    .alias("list")
    .description("Lists secrets, without their values.")
    .action(run(list));
  withPlace(withOutput(secrets.command("rm")))
    .description("Removes a secret: what starts from now on does not get it.")
    .argument("<name>", "its name")
    .action(run(remove));
  const audit = withPlace(withList(secrets.command("audit")))
    .description("Lists who set, removed and used secrets, newest first. It is kept for 400 days.")
    .argument("[name]", "only of secrets of this name")
    .action(run(listEvents));
  withExamples(audit, [
    "crew secrets audit",
    "crew secrets audit NPM_TOKEN --repository https://example.org/acme/api.git",
  ]);
  withOutput(secrets.command("rotate-key"))
    .description("Encrypts every secret with the server's first key; after that the others may be removed.")
    .action(run(rotate));
}

function addSet(secrets: Command, run: Run): void {
  const set = withPlace(withOutput(secrets.command("set")))
    .description(
      "Sets a secret. Its value is asked for, or read from standard input without a last line break; it is no argument, " +
        "for other users can read these.",
    )
    .argument("<name>", "its name: letters, digits and underscores")
    .option("--event <events>", "only for pipelines of these events, such as push,tag (default: all)", parseEvents)
    .action(run(setOne));
  withExamples(set, [
    "crew secrets set NPM_TOKEN --repository https://example.org/acme/api.git",
    "crew secrets set DEPLOY_KEY --owner https://example.org/acme --event tag < id_ed25519",
  ]);
}

function withPlace(command: Command): Command {
  return command
    .option("--repository <repository>", "of this repository, named as it is submitted")
    .option("--owner <owner>", "of all repositories of this owner, such as https://example.org/acme");
}

function parseEvents(text: string): string[] {
  return text
    .split(",")
    .map((event) => event.trim())
    .filter((event) => event !== "");
}

function placeOf({ repository = "", owner = "" }: PlaceOptions): { repository: string; owner: string } {
  if ((repository === "") !== (owner === "")) return { repository, owner };
  const what = repository === "" ? "whose secret it is, is not said" : "--repository and --owner exclude each other";
  throw usage(what, "say --repository REPOSITORY, or --owner OWNER");
}

function placeText({ repository, owner }: { repository: string; owner: string }): string {
  return repository === "" ? `owner ${owner}` : `repository ${repository}`;
}

async function setOne(session: Session, options: PlaceOptions & { event?: string[] }, name: string): Promise<void> {
  const place = placeOf(options);
  const value = await readValue(session.io);
  const operator = await session.operator();
  const response = await operator.setSecret({ name, ...place, events: options.event ?? [], value }, session.call);
  session.show(SetSecretResponseSchema, response, () => [
    visible(`${response.replaced ? "Replaced" : "Set"} ${name} of ${placeText(place)}.`),
  ]);
}

async function readValue(io: Io): Promise<string> {
  const read = io.stdin.isTTY
    ? await askSecret(io, "Value (not shown)")
    : await readSecret(io, { maxBytes: VALUE_MAX_BYTES, what: "a secret, which has at most 64 KiB" });
  const value = read.replace(/\r?\n$/, "");
  if (value === "") throw usage("the value is empty", "type it at the prompt, or pipe it to standard input");
  return value;
}

async function list(session: Session, { limit, repository = "", owner = "" }: PlaceOptions & { limit: number }) {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const response = await operator.listSecrets({ page: request, repository, owner }, session.call);
    return { items: response.secrets, nextPageToken: response.nextPageToken };
  });
  const { items: secrets, nextPageToken } = page;
  const response = create(ListSecretsResponseSchema, { secrets, nextPageToken });
  session.showTable(ListSecretsResponseSchema, response, secretTable(secrets, session.io.now()));
  noteList(session, page, "no secrets; set one: crew secrets set NAME --repository REPOSITORY");
}

type EventOptions = PlaceOptions & { limit: number };

async function listEvents(session: Session, { limit, repository = "", owner = "" }: EventOptions, name = "") {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const response = await operator.listSecretEvents({ page: request, repository, owner, name }, session.call);
    return { items: response.events, nextPageToken: response.nextPageToken };
  });
  const { items: events, nextPageToken } = page;
  const response = create(ListSecretEventsResponseSchema, { events, nextPageToken });
  session.showTable(ListSecretEventsResponseSchema, response, secretEventTable(events, session.io.now()));
  noteList(session, page, "nothing was done with such secrets");
}

async function remove(session: Session, options: PlaceOptions, name: string): Promise<void> {
  const place = placeOf(options);
  const operator = await session.operator();
  const response = await operator.removeSecret({ name, ...place }, session.call);
  session.show(RemoveSecretResponseSchema, response, () => [
    visible(`${response.removed ? "Removed" : "There was no"} ${name} of ${placeText(place)}.`),
  ]);
}

async function rotate(session: Session): Promise<void> {
  const operator = await session.operator();
  const response = await operator.rotateSecretKey({}, session.call);
  const { rotatedCount: count, keyId } = response;
  session.show(RotateSecretKeyResponseSchema, response, () => [
    `Every secret is encrypted with key ${visible(keyId)} now; ${count} were encrypted with another.`,
  ]);
}
