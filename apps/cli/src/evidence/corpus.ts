import { resolve } from "node:path";
import { CAPTURE_KINDS, type CaptureKind, evaluateCapture } from "@groundcrew/vetting";
import { usage } from "../failure.ts";
import { readTextFile } from "../files.ts";

/** What somebody knows of a capture: the part is sound, the part is bad, or nothing can be said of it. */
const LABELS = ["pass", "fail", "error"] as const;
type Label = (typeof LABELS)[number];

/** One capture of a corpus. */
interface Labelled {
  file: string;
  kind: CaptureKind;
  label: Label;
}

/** What became of one. */
export interface Judged extends Labelled {
  verdict: string;
  reasons: string[];
  /** Absent: right. */
  wrong?: "false pass" | "false fail" | "unreadable";
}

/** The longest capture that is read, in bytes: 64 MiB. */
const MAX_BYTES = 64 * 2 ** 20;

/** Reads a table of labels: `file,kind,label[,note]` a line. Throws a usage failure naming line and value. */
export function parseLabels(text: string, name: string): Labelled[] {
  const rows = text.split(/\r?\n/).flatMap((line, index) => {
    const cells = line.split(",").map((cell) => cell.trim());
    const isIdle = line.trim() === "" || line.startsWith("#") || (index === 0 && /^file *,/i.test(line));
    return isIdle ? [] : [labelled(cells, `${name}:${index + 1}`)];
  });
  if (rows.length === 0) throw usage(`${name} labels nothing`, "expected lines such as disk7.json,smart,fail");
  return rows;
}

function labelled([file = "", kindText = "", labelText = ""]: string[], where: string): Labelled {
  const kind = CAPTURE_KINDS.find((each) => each === kindText);
  const label = LABELS.find((each) => each === labelText);
  if (file === "") throw usage(`${where}: the file is missing`, "expected file,kind,label[,note]");
  if (!kind)
    throw usage(`${where}: the kind is ${JSON.stringify(kindText)}`, `expected one of ${CAPTURE_KINDS.join(", ")}`);
  if (!label)
    throw usage(`${where}: the label is ${JSON.stringify(labelText)}`, `expected one of ${LABELS.join(", ")}`);
  return { file, kind, label };
}

/** Judges each capture of a corpus, one after another: an archive may be larger than memory. */
export async function judgeCorpus(folder: string, rows: readonly Labelled[]): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (const row of rows) {
    const text = await readTextFile(resolve(folder, row.file), row.file, MAX_BYTES);
    const { verdict, reasons } = evaluateCapture(row.kind, text);
    const wrong = wrongOf(row.label, verdict);
    judged.push({ ...row, verdict, reasons, ...(wrong && { wrong }) });
  }
  return judged;
}

/** A warning lets a part pass. */
function wrongOf(label: Label, verdict: string): Judged["wrong"] {
  const said = verdict === "warn" ? "pass" : verdict;
  if (said === label) return undefined;
  if (said === "pass") return "false pass";
  return said === "fail" ? "false fail" : "unreadable";
}
