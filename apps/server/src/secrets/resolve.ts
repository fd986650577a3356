import type { SecretScopeName } from "../db/schema.ts";

/** A secret in clear, as a grant carries it. */
export interface SecretValue {
  name: string;
  value: string;
}

/** All secrets of one workflow, in bytes: they travel in one answer with its plan. */
export const WORKFLOW_SECRETS_MAX_BYTES = 512 * 1024;

/** A workflow whose steps name secrets. */
export interface Asker {
  id: string;
  /** Empty: its pipeline has no repository. */
  repository: string;
  owner: string;
  /** False: code of a stranger. */
  trusted: boolean;
  /** An operator approved it with secrets. */
  secretsGranted: boolean;
  /** What started its pipeline. */
  event: string;
  /** The names that its steps name. */
  names: readonly string[];
}

/** A stored secret of the asker's repository or of its owner. */
export interface StoredSecret {
  scope: SecretScopeName;
  name: string;
  events: readonly string[];
}

/** The stored secrets that a workflow gets, or why it does not get all that it names. */
export type Resolution<S extends StoredSecret> = { kind: "found"; secrets: S[] } | { kind: "withheld"; error: string };

/**
 * Finds what a workflow's steps name among the secrets of its repository and owner. The repository's hides the owner's of
 * the same name, also for events that it is not for. One that cannot be had withholds the whole workflow: a step without
 * a secret that it counts on fails late, or does the wrong thing.
 */
export function resolveSecrets<S extends StoredSecret>(asker: Asker, stored: readonly S[]): Resolution<S> {
  const { names, trusted, secretsGranted, repository } = asker;
  if (!trusted && !secretsGranted) {
    return withheld(`it is a stranger's, was not approved with secrets, and its steps name ${names.join(", ")}`);
  }
  if (repository === "") {
    return withheld(
      `its steps name secrets, ${names.join(", ")}, and its pipeline has no repository that could have any`,
    );
  }
  const secrets = names.map((name) => find(asker, name, stored));
  const wrong = secrets.filter((found) => typeof found === "string");
  if (wrong.length > 0) return withheld(wrong.join("; "));
  return { kind: "found", secrets: secrets.filter((found) => typeof found !== "string") };
}

function find<S extends StoredSecret>({ repository, event }: Asker, name: string, stored: readonly S[]): S | string {
  const named = stored.filter((secret) => secret.name === name);
  const secret = named.find(({ scope }) => scope === "repository") ?? named[0];
  if (!secret) {
    return (
      `its steps name the secret ${name}, which neither ${repository} nor its owner has; set it, then retry: ` +
      `crew secrets set ${name} --repository ${repository}`
    );
  }
  if (secret.events.length === 0 || secret.events.includes(event)) return secret;
  return `its steps name the secret ${name}, which is for the events ${secret.events.join(", ")}, and this is ${event}`;
}

function withheld(error: string): { kind: "withheld"; error: string } {
  return { kind: "withheld", error };
}
