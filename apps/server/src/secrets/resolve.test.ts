import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { resolveSecrets, type Asker, type StoredSecret } from "./resolve.ts";

const asker: Asker = {
  id: "7",
  repository: "r",
  owner: "o",
  trusted: true,
  secretsGranted: false,
  event: "push",
  names: ["A"],
};

const own = (changes: Partial<StoredSecret> = {}): StoredSecret => ({
  scope: "repository",
  name: "A",
  events: [],
  ...changes,
});
const owners = (changes: Partial<StoredSecret> = {}) => own({ scope: "owner", ...changes });

/** Who asks, what is stored, and the scopes of what is found, or why nothing is given. */
const table: [string, Partial<Asker>, StoredSecret[], string[] | RegExp][] = [
  ["the repository's", {}, [own()], ["repository"]],
  ["the owner's", {}, [owners()], ["owner"]],
  ["the repository's before the owner's", {}, [owners(), own()], ["repository"]],
  ["one for this event", {}, [own({ events: ["push", "tag"] })], ["repository"]],
  ["in the order of the names", { names: ["A", "B"] }, [own({ name: "B" }), owners()], ["owner", "repository"]],
  ["none of another name", {}, [own({ name: "B" })], /names? the secret A, which neither r nor its owner has/],
  ["none for another event", {}, [own({ events: ["tag"] })], /secret A, which is for the events tag, and this is push/],
  ["no owner's that is hidden", {}, [own({ events: ["tag"] }), owners()], /for the events tag, and this is push/],
  ["every name that is missing", { names: ["A", "B"] }, [], /secret A, which neither.*; its steps name the secret B/],
  ["none without a repository", { repository: "" }, [], /name secrets, A, and its pipeline has no repository/],
  ["none to a stranger", { trusted: false }, [own()], /stranger's, was not approved with secrets.*name A$/],
  ["a stranger's, approved with secrets", { trusted: false, secretsGranted: true }, [own()], ["repository"]],
];

suite("a workflow that names secrets gets", () => {
  for (const [what, changes, stored, expected] of table) {
    test(what, () => {
      const resolution = resolveSecrets({ ...asker, ...changes }, stored);
      if (resolution.kind === "found")
        assert.deepEqual(
          resolution.secrets.map(({ scope }) => scope),
          expected,
        );
      else assert.match(resolution.error, expected as RegExp);
    });
  }
});
