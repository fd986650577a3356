import { FieldViolationSchema, PipelineProblemsSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import { parseCsv, type Cell } from "./csv.ts";
import { checkedDeclaration, type Declaration } from "./declaration.ts";

/** The longest file, in UTF-16 units, and the most machines in it. */
const MAX_LENGTH = 1024 * 1024;
const MAX_ROWS = 10_000;

/** The columns, in any order. Others that begin with `label.` are labels; several addresses or serials are apart by spaces. */
const COLUMNS = [
  "name",
  "serial",
  "system_uuid",
  "board_serial",
  "macs",
  "disk_serials",
  "rack",
  "power_watts",
  "spec",
] as const;

/** A CSV file, by whoever sent it. */
export interface CsvFile {
  path: string;
  content: string;
}

interface Problem {
  path: string;
  line: number;
  column: number;
  message: string;
}

/** A machine of a delivery, with the place of its row. */
export interface Delivered {
  declaration: Declaration;
  row: Cell;
}

/**
 * Reads a delivery: a header line, then a machine a line. Throws INVALID_ARGUMENT with every mistake, each with its line
 * and column.
 */
export function readDelivery(file: CsvFile): Delivered[] {
  const [header = [], ...rows] = readTable(file);
  const columns = header.map(({ text }) => text.toLowerCase());
  const problems = headerProblems(file.path, header);
  if (problems.length > 0) throw mistakes(problems);
  const read = rows.map((row) => readRow(file.path, columns, row));
  const wrong = read.flatMap((each) => ("problem" in each ? [each.problem] : []));
  const delivered = read.flatMap((each) => ("problem" in each ? [] : [each]));
  wrong.push(...repeated(file.path, delivered));
  if (wrong.length > 0) throw mistakes(wrong);
  return delivered;
}

/** The rows of a file that has some. Throws INVALID_ARGUMENT when it is too long or empty. */
export function readTable({ path, content }: CsvFile): Cell[][] {
  const at = { path, line: 1, column: 1 };
  if (content.length > MAX_LENGTH) throw mistakes([{ ...at, message: `longer than ${MAX_LENGTH} characters` }]);
  const rows = parseCsv(content.replace(/^\uFEFF/, ""));
  if (rows.length === 0) throw mistakes([{ ...at, message: "it is empty" }]);
  if (rows.length > MAX_ROWS + 1) throw mistakes([{ ...at, message: `more than ${MAX_ROWS} machines` }]);
  return rows;
}

/** The error that tells the mistakes of a file. */
export function mistakes(problems: Problem[]): ConnectError {
  const [first] = problems;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
  const where = first ? `${first.path}:${first.line}:${first.column}: ${first.message}` : "";
  return new ConnectError(`the file has mistakes: ${where}${more}`, Code.InvalidArgument, undefined, [
    { desc: PipelineProblemsSchema, value: { problems: problems.slice(0, 100) } },
  ]);
}

function headerProblems(path: string, header: Cell[]): Problem[] {
  const known: readonly string[] = COLUMNS;
  return header.flatMap(({ text, line, column }, index) => {
    const name = text.toLowerCase();
    const at = { path, line, column };
    if (!known.includes(name) && !/^label\..+/.test(name)) {
      return [{ ...at, message: `no such column: ${name}; known: ${COLUMNS.join(", ")}, label.NAME` }];
    }
    const first = header.findIndex((each) => each.text.toLowerCase() === name);
    return first < index ? [{ ...at, message: `the column ${name} is there twice` }] : [];
  });
}

function readRow(path: string, columns: string[], row: Cell[]): Delivered | { problem: Problem } {
  const first = row[0] ?? { text: "", line: 1, column: 1 };
  const problem = ({ line, column }: Cell, message: string) => ({ problem: { path, line, column, message } });
  const surplus = row[columns.length];
  if (surplus) return problem(surplus, `more cells than the ${columns.length} columns of the header`);
  const cell = (name: string): Cell => row[columns.indexOf(name)] ?? { ...first, text: "" };
  const watts = cell("power_watts");
  if (!/^\d{0,7}$/.test(watts.text)) return problem(watts, `power_watts is ${watts.text}; a whole number is wanted`);
  try {
    return { declaration: checkedDeclaration(declarationOf(columns, row, (name) => cell(name).text)), row: first };
  } catch (error) {
    const violation = error instanceof ConnectError ? detailOf(error, FieldViolationSchema) : undefined;
    if (!violation) throw error;
    const { field, value, expected } = violation;
    return problem(cell(field), `${field} is ${value}; ${expected} is wanted`);
  }
}

function declarationOf(columns: string[], row: Cell[], text: (name: string) => string): Declaration {
  const list = (name: string) =>
    text(name)
      .split(/[\s;]+/)
      .filter((each) => each !== "");
  const labels = columns.flatMap((name, index): [string, string][] => {
    const value = row[index]?.text ?? "";
    if (value === "") return [];
    return name === "rack" ? [["rack", value]] : name.startsWith("label.") ? [[name.slice(6), value]] : [];
  });
  return {
    name: text("name"),
    serial: text("serial"),
    systemUuid: text("system_uuid"),
    boardSerial: text("board_serial"),
    macs: list("macs"),
    diskSerials: list("disk_serials"),
    labels: Object.fromEntries(labels),
    powerWatts: Number(text("power_watts")),
    spec: text("spec"),
  };
}

/** Rows that speak of one machine twice. */
function repeated(path: string, delivered: readonly Delivered[]): Problem[] {
  const seen = new Map<string, number>();
  return delivered.flatMap(({ declaration, row: { line, column } }) => {
    const { serial, systemUuid, boardSerial, name, macs } = declaration;
    const marks = { serial, system_uuid: systemUuid, board_serial: boardSerial, name };
    const keys = Object.entries(marks).flatMap(([field, value]) => (value === "" ? [] : [`${field} ${value}`]));
    const again = [...keys, ...macs.map((mac) => `MAC ${mac}`)].filter((key) => {
      const before = seen.get(key);
      if (before === undefined) seen.set(key, line);
      return before !== undefined;
    });
    return again.map((key) => ({ path, line, column, message: `${key} is also in line ${seen.get(key)}` }));
  });
}
