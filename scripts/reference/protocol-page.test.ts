import assert from "node:assert/strict";
import { test } from "node:test";
import { readContract, type Image } from "./contract.ts";
import { protocolPage } from "./protocol-page.ts";

/** What buf tells of this file, as far as it matters here. */
const image: Image = {
  file: [
    { name: "imported.proto", bufExtension: { isImport: true }, messageType: [{ name: "Imported" }] },
    {
      name: "groundcrew/v1/mill.proto",
      service: [
        {
          name: "MillService",
          method: [
            {
              name: "Grind",
              inputType: ".groundcrew.v1.GrindRequest",
              outputType: ".groundcrew.v1.GrindResponse",
              serverStreaming: true,
              options: { "[groundcrew.v1.access]": "ACCESS_VIEWER" },
            },
          ],
        },
      ],
      messageType: [
        {
          name: "GrindRequest",
          field: [
            { name: "corn", number: 1, label: "LABEL_REPEATED", type: "TYPE_MESSAGE", typeName: ".groundcrew.v1.Corn" },
            {
              name: "speeds",
              number: 2,
              label: "LABEL_REPEATED",
              type: "TYPE_MESSAGE",
              typeName: ".groundcrew.v1.GrindRequest.SpeedsEntry",
            },
            {
              name: "fine",
              number: 3,
              label: "LABEL_OPTIONAL",
              type: "TYPE_BOOL",
              oneofIndex: 1,
              proto3Optional: true,
            },
            { name: "sack", number: 4, label: "LABEL_OPTIONAL", type: "TYPE_STRING", oneofIndex: 0 },
          ],
          oneofDecl: [{ name: "into" }, { name: "_fine" }],
          nestedType: [
            {
              name: "SpeedsEntry",
              options: { mapEntry: true },
              field: [
                { name: "key", number: 1, label: "LABEL_OPTIONAL", type: "TYPE_STRING" },
                { name: "value", number: 2, label: "LABEL_OPTIONAL", type: "TYPE_UINT32" },
              ],
            },
          ],
        },
        { name: "GrindResponse" },
        { name: "Corn" },
      ],
      enumType: [{ name: "Grain", value: [{ name: "GRAIN_UNSPECIFIED" }, { name: "GRAIN_RYE", number: 1 }] }],
      sourceCodeInfo: {
        location: [
          { path: [6, 0], leadingComments: " Grinds.\n" },
          { path: [6, 0, 2, 0], leadingComments: " Grinds corn,\n and says how.\n" },
          { path: [4, 0, 2, 0], leadingComments: " Rye | wheat.\n" },
          { path: [4, 0, 8, 0], leadingComments: " Where it goes.\n" },
          { path: [5, 0, 2, 1], leadingComments: " Dark.\n" },
        ],
      },
    },
  ],
};

const page = protocolPage(readContract(image));

test("an rpc stands with its comment, its types, who may call it, and its request's fields", () => {
  const rpc = page.slice(page.indexOf("### MillService.Grind"), page.indexOf("#### GrindResponse"));
  assert.equal(
    rpc.trim(),
    `### MillService.Grind

Grinds corn, and says how.

[GrindRequest](#grindrequest) → stream of [GrindResponse](#grindresponse). Access: an operator token of any role.

#### GrindRequest

| field | type | number | meaning |
| --- | --- | --- | --- |
| \`corn\` | repeated [Corn](#corn) | 1 | Rye \\| wheat. |
| \`speeds\` | map of \`string\` to \`uint32\` | 2 |  |
| \`fine\` | optional \`bool\` | 3 |  |
| \`sack\` | \`string\` | 4 | One of \`into\`. |

- \`into\`, of which at most one is set: Where it goes.`,
  );
});

test("what several rpcs share, and enums, come after; what is imported does not come", () => {
  assert.match(page, /## Messages\n\n### Corn\n\nIt has no fields\.\n\n## Enums/);
  assert.match(
    page,
    /### Grain\n\n\| value .*\n.*\n\| `GRAIN_UNSPECIFIED` \| 0 \| {2}\|\n\| `GRAIN_RYE` \| 1 \| Dark\. \|/,
  );
  assert.doesNotMatch(page, /Imported/);
});
