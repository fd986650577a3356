/** Text that is HTML already. Made only by {@link html}. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | readonly Part[] | undefined;

/**
 * Makes HTML from a template. Every value is escaped, except what this function made; arrays are joined, undefined is
 * left out. Machine serials and tool messages come from the machine under test and are hostile.
 */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { html: strings.map((text, index) => text + textOf(parts[index])).join("") };
}

function textOf(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escape(String(part));
  return "html" in part ? part.html : part.map(textOf).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// Control characters and marks that turn the direction of text could make a serial read as another one.
// oxlint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "").replaceAll(INVISIBLE, "\ufffd");
}

/** A table, under a heading if it has one; nothing at all without rows. */
export function table(
  caption: string | undefined,
  columns: readonly string[],
  rows: readonly (readonly Part[])[],
): Html {
  if (rows.length === 0) return html``;
  return html`${caption === undefined ? undefined : html`<h3>${caption}</h3>`}
    <div class="scroll">
      <table>
        <thead>
          <tr>
            ${columns.map((column) => html`<th scope="col">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${row.map((cell) => html`<td>${cell}</td>`)}
              </tr> `,
          )}
        </tbody>
      </table>
    </div> `;
}

/** Names with their values; those whose value is not known are left out, and the list itself when none is. */
export function facts(pairs: readonly (readonly [string, Part])[]): Html {
  const there = pairs.filter(([, value]) => value !== undefined && value !== "");
  if (there.length === 0) return html``;
  return html`<dl>
    ${there.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div> `,
    )}
  </dl> `;
}
