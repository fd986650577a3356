/** A table of these rows. Empty when there are none. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(headings), `|${" --- |".repeat(headings.length)}`, ...rows.map(line)].join("\n");
}

/** The anchor that Markdown renderers give a heading of letters, digits, dots and spaces. */
export function anchor(heading: string): string {
  return `#${heading.toLowerCase().replaceAll(".", "").replaceAll(" ", "-")}`;
}

/** The parts of a page, with the line that tells people not to edit it. */
export function page(source: string, parts: readonly string[]): string {
  return `${[`<!-- Generated from ${source}. Do not edit. -->`, ...parts].filter((part) => part !== "").join("\n\n")}\n`;
}
