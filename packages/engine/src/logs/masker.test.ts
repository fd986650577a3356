import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { LineSplitter } from "./line-splitter.ts";
import { Masker } from "./masker.ts";
import { secretForms } from "./secret-forms.ts";

function mask(secrets: readonly string[], text: string): string {
  return Buffer.from(Masker.of(secrets)?.mask(Buffer.from(text)) ?? Buffer.from(text)).toString();
}

function maskInChunks(secrets: readonly string[], chunks: readonly Uint8Array[]): string {
  const output = Masker.of(secrets)?.open();
  const masked = chunks.map((chunk) => output?.push(chunk) ?? chunk);
  return Buffer.concat([...masked, output?.end() ?? Buffer.alloc(0)]).toString("latin1");
}

/** Every byte that belongs to a form goes, and each run of them becomes a mark: the slow and obvious way. */
function expected(forms: readonly Buffer[], bytes: Buffer): string {
  const isCovered = Array.from(bytes, () => false);
  for (const form of forms) {
    for (let at = bytes.indexOf(form); at !== -1; at = bytes.indexOf(form, at + 1)) {
      isCovered.fill(true, at, at + form.length);
    }
  }
  const text = Array.from(bytes, (byte, at) => (isCovered[at] ? "\u{10000}" : String.fromCharCode(byte)));
  return text.join("").replace(/\u{10000}+/gu, "***");
}

const SECRET = 'p@ss/w+rd "x" & it\'s ü';
const PEM = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA1234\nabcdefghijklmnopqrstuv\n}\n-----END KEY-----\n";

suite("a secret is covered", () => {
  const table: [form: string, secrets: string[], text: string, masked: string][] = [
    ["as it is", ["hunter2"], "pw=hunter2;", "pw=***;"],
    ["each time, and each run of them once", ["hunter2"], "hunter2hunter2 hunter2", "*** ***"],
    ["with another that overlaps it", ["abcdef", "defghi"], "xabcdefghiy", "x***y"],
    ["with another inside it", ["longsecret", "gsec"], "longsecret gsec", "*** ***"],
    ["in a URL", [SECRET], `?q=${encodeURIComponent(SECRET)}&`, "?q=***&"],
    ["in a form", [SECRET], String(new URLSearchParams({ q: SECRET })), "q=***"],
    ["in JSON", [SECRET], JSON.stringify({ q: SECRET }), '{"q":"***"}'],
    ["in base64", [SECRET], Buffer.from(SECRET).toString("base64"), "***"],
    ["in base64 without padding", ["hunter2"], "aHVudGVyMg", "***"],
    ["in base64 with a newline", ["hunter2"], "aHVudGVyMgo=", "***"],
    ["in base64 for URLs", ["??>>??>>"], Buffer.from("??>>??>>").toString("base64url"), "***"],
    ["in a trace of bash", ["it's me!"], `+ echo 'it'\\''s me!'`, "+ echo '***'"],
    ["in lines, each by itself", [PEM], PEM, "***\n***\n***\n}\n***\n"],
    ["in lines that end as on Windows", [PEM.replaceAll("\n", "\r\n")], PEM, "***\n***\n***\n}\n***\n"],
    ["in JSON, line by line", [PEM], JSON.stringify(PEM), '"***\\n***\\n***\\n}\\n***\\n"'],
    ["in base64 as a whole", [PEM], Buffer.from(PEM).toString("base64"), "***"],
    [
      "in base64 in lines of 76",
      [PEM],
      (
        Buffer.from(PEM)
          .toString("base64")
          .match(/.{1,76}/g) ?? []
      ).join("\n"),
      "***\n***",
    ],
    ["without the blanks around it", ["  hunter2\n"], "[hunter2]", "[***]"],
    ["but not when it is too short", ["abc", "", "\n"], "abc", "abc"],
  ];
  for (const [form, secrets, text, masked] of table) test(form, () => assert.equal(mask(secrets, text), masked));

  test("in base64 of a text around it, but for the characters it shares with that", () => {
    for (const before of ["", "u", "us", "user:"]) {
      const encoded = Buffer.from(`${before}correct horse${before}`).toString("base64");
      const shared = Math.ceil((before.length * 8) / 6);
      assert.match(mask(["correct horse"], encoded), new RegExp(`^.{${shared}}\\*\\*\\*.{0,10}$`));
      assert.ok(encoded.length - mask(["correct horse"], encoded).length >= 13);
    }
  });

  test("where a long line is cut", () => {
    const lines: string[] = [];
    const splitter = new LineSplitter({ write: ({ text }) => lines.push(String(text)), maxLineBytes: 10 });
    const output = Masker.of(["hunter2"])?.open();
    splitter.push(output?.push(Buffer.from("12345hunter2678\n")) ?? Buffer.alloc(0));
    assert.deepEqual(lines, ["12345***67", "8"]);
  });

  test("and nothing is held back that cannot be the beginning of one", () => {
    const output = Masker.of(["hunter2"])?.open();
    const given = ["50% hu", "h", "unte", "x"].map((chunk) =>
      Buffer.from(output?.push(Buffer.from(chunk)) ?? []).toString(),
    );
    assert.deepEqual(given, ["50% ", "hu", "", "huntex"]);
  });
});

suite("any text with any secrets in any chunks", () => {
  // Few letters, so that secrets are found, overlap and begin again; a mark's stars are none of them.
  const secret = fc.string({ unit: fc.constantFrom("a", "b", "\n"), minLength: 1, maxLength: 12 });
  const text = fc.array(fc.constantFrom(0x61, 0x62, 0x0a, 0xff), { maxLength: 60 }).map((all) => Buffer.from(all));

  test("has every byte of every secret covered, and no other", () => {
    const property = (secrets: string[], bytes: Buffer, sizes: number[]) => {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = sizes[chunks.length] ?? bytes.length;
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      assert.equal(maskInChunks(secrets, chunks), expected(secretForms(secrets), bytes));
    };
    const secrets = fc.array(secret, { maxLength: 4 });
    fc.assert(fc.property(secrets, text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 9 }), property));
  });

  test("keeps a secret to itself in every form that a program may write", () => {
    const write: ((secret: string) => string)[] = [
      (value) => value,
      encodeURIComponent,
      (value) => JSON.stringify(value).slice(1, -1),
      (value) => Buffer.from(value).toString("base64"),
      (value) => Buffer.from(value).toString("base64url"),
    ];
    const value = fc.string({ unit: "grapheme", minLength: 4, maxLength: 40 }).filter((each) => !/\s/.test(each));
    fc.assert(
      fc.property(
        value,
        fc.constantFrom(...write),
        fc.string({ unit: fc.constantFrom("_", "=") }),
        (given, form, around) => {
          assert.equal(mask([given], `<${form(given)}> ${around}`), `<***> ${around}`);
        },
      ),
    );
  });
});
