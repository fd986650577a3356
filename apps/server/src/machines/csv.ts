/** A cell of a table, with the place where it begins. Lines and columns count from 1. */
export interface Cell {
  text: string;
  line: number;
  column: number;
}

/**
 * The rows of a CSV text by RFC 4180: cells apart by commas, in double quotes where they hold commas, quotes (doubled) or
 * line breaks. Spaces around a cell and empty lines are left out, as are lines that begin with `#`. Takes any text.
 */
export function parseCsv(text: string): Cell[][] {
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  let [line, lineStart] = [1, 0];
  const pattern = /\s*?("(?:[^"]|"")*"?|[^",\r\n]*)([^,\r\n]*)(,|\r\n|\n|\r|$)/y;
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const found = pattern.exec(text);
    if (found === null) break;
    const [whole, quoted = "", rest = "", end = ""] = found;
    row.push({ text: unquoted(quoted, rest), line, column: start - lineStart + 1 });
    line += whole.split(/\r\n|\n|\r/).length - 1;
    if (end === ",") {
      if (pattern.lastIndex === text.length) row.push({ text: "", line, column: pattern.lastIndex - lineStart + 1 });
      else continue;
    }
    lineStart = pattern.lastIndex;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows.filter(([first, ...others]) => first !== undefined && !isIdle(first, others.length === 0));
}

function unquoted(cell: string, rest: string): string {
  if (!cell.startsWith('"')) return `${cell}${rest}`.trim();
  return `${cell.replace(/^"|"$/g, "").replaceAll('""', '"')}${rest}`.trim();
}

function isIdle({ text }: Cell, alone: boolean): boolean {
  return text.startsWith("#") || (alone && text === "");
}
