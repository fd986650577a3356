import { build, proveProblems, step } from "./problem-table.ts";

proveProblems("what is wrong with the text itself is told first:", [
  ["an empty file", "", ["1:1: expected a mapping with workflows, found an empty file"]],
  ["only comments", "# nothing\n", ["1:1: expected a mapping with workflows, found an empty file"]],
  ["a list", "- a\n", ["1:1: expected a mapping with workflows, found a list of 1"]],
  ["a scalar", "make", ['1:1: expected a mapping with workflows, found "make"']],
  ["a tab as indentation", "workflows:\n\tbuild: {}\n", ["2:1: not valid YAML: Tabs are not allowed as indentation"]],
  [
    "a list that does not end",
    "workflows: [a, b\n",
    ["2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]"],
  ],
  [
    "a command with a colon",
    "workflows: { build: { steps: [\n  { run: a } ] } }\ntest: echo a: b\n",
    [
      '3:7: not valid YAML: Nested mappings are not allowed in compact mappings; quote a text that contains ": ", or write it as a block after |',
    ],
  ],
  ["two documents", "a: 1\n---\nb: 2\n", ["2:1: expected one YAML document, found another after `---`"]],
  [
    "tags",
    step("run: !secret a"),
    ["1:38: expected no tag, for types follow from the format: Unresolved tag: !secret"],
  ],
  [
    "an alias without anchor, all of them",
    step("run: *a, name: *b"),
    [
      '1:38: expected an anchor before its alias, found no anchor "a"',
      '1:48: expected an anchor before its alias, found no anchor "b"',
    ],
  ],
  [
    "an alias inside its own value",
    "workflows: &w { build: *w }",
    ["1:24: expected an alias of a value that is complete, found one inside its own value"],
  ],
  [
    "a key that stands twice",
    "workflows:\n  a: { steps: [run: make] }\n  a: { steps: [run: make] }\n",
    ['3:3: the key "a" is on line 2 already'],
  ],
  [
    "a key that is no text",
    build("[a]: 1, ~: 2, __proto__: 3"),
    [
      "1:43: expected a text as key, found a list of 1",
      "1:51: expected a text as key, found nothing",
      '1:57: expected a text as key, found "__proto__"',
    ],
  ],
  [
    "a NUL and half a surrogate pair",
    step('run: "a\\0", env: { A: "\\ud800" }'),
    [
      "1:38: expected text, found a NUL or half of a surrogate pair in it",
      "1:55: expected text, found a NUL or half of a surrogate pair in it",
    ],
  ],
  [
    "text that steers terminals",
    build('"\\e[31m\\u202e": 1'),
    [
      '1:43: workflows.build: unknown key "\\u001b[31m\\u{202e}"; a workflow has when, labels, env, secrets, timeout, on_agent_lost, depends_on, priority, concurrency, retry, queue_timeout, matrix, approval, checkout, steps',
    ],
  ],
]);
