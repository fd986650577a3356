import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { misses, takes, type Grants, type Miss, type Offered, type Wanted } from "./eligibility.ts";

const agent: Offered = {
  kind: "build",
  labels: { os: "linux" },
  machineId: "m1",
  grants: { owners: [], repositories: [], untrusted: false },
};
const work: Wanted = {
  kind: "build",
  labels: { os: "linux" },
  machineId: null,
  owner: "github.com/acme",
  repository: "github.com/acme/api",
  trusted: true,
};

/** How the agent and the work differ from the above, and all that keeps the one from the other. */
const rules: [string, Partial<Omit<Offered, "grants">> & Partial<Grants>, Partial<Wanted>, Miss["kind"][]][] = [
  ["all fits", {}, {}, []],
  ["an agent serves one kind of work", { kind: "vetting" }, {}, ["serves"]],
  ["pinned work runs on its machine", {}, { machineId: "m1" }, []],
  ["pinned work runs on no other machine", {}, { machineId: "m2" }, ["machine"]],
  ["labels", { labels: {} }, {}, ["label"]],
  ["granted one owner", { owners: ["github.com/acme"] }, {}, []],
  ["granted another owner", { owners: ["github.com/bob"] }, {}, ["owner"]],
  ["granted owners, and it is nobody's", { owners: ["github.com/bob"] }, { owner: "" }, ["owner"]],
  ["granted one of several owners", { owners: ["github.com/bob", "github.com/acme"] }, {}, []],
  ["an owner is granted as a whole, not by its beginning", { owners: ["github.com"] }, {}, ["owner"]],
  ["granted the repository", { repositories: ["github.com/acme/api"] }, {}, []],
  ["granted another repository", { repositories: ["github.com/acme/web"] }, {}, ["repository"]],
  [
    "granted repositories, and it has none",
    { repositories: ["github.com/acme/api"] },
    { repository: "" },
    ["repository"],
  ],
  [
    "granted the repository of an owner that is not granted: both must hold",
    { owners: ["github.com/bob"], repositories: ["github.com/acme/api"] },
    {},
    ["owner"],
  ],
  ["the work of strangers", {}, { trusted: false }, ["untrusted"]],
  ["granted the work of strangers", { untrusted: true }, { trusted: false }, []],
  ["granted the work of strangers, it takes other work too", { untrusted: true }, {}, []],
  [
    "all that is missed is said",
    { kind: "vetting", labels: { "!gpu": "*" }, owners: ["x"], repositories: ["x/y"] },
    { machineId: "m2", trusted: false },
    ["serves", "machine", "owner", "repository", "untrusted", "label", "insists"],
  ],
];

suite("whether an agent may take work", () => {
  for (const [why, offered, wanted, expected] of rules) {
    test(`${expected.length === 0 ? "yes" : "no"}: ${why}`, () => {
      const { owners = [], repositories = [], untrusted = false, ...rest } = offered;
      const offer = { ...agent, ...rest, grants: { owners, repositories, untrusted } };
      const found = misses(offer, { ...work, ...wanted });
      assert.deepEqual(
        found.map(({ kind }) => kind),
        expected,
      );
      assert.equal(takes(offer, { ...work, ...wanted }), expected.length === 0);
    });
  }
});
