import { resolve } from "node:path";
import { Argument, type Command } from "commander";
import { CAPTURE_KINDS, type CaptureKind, type CaptureResult, evaluateCapture } from "@groundcrew/vetting";
import { ExitCode } from "../exit-codes.ts";
import { readTextFile } from "../files.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withExamples, withOutput, type Run } from "./command.ts";

/** The longest capture that is read, in bytes: 64 MiB. */
const MAX_BYTES = 64 * 2 ** 20;

/** `crew vet evaluate`. */
export function addEvaluate(vet: Command, run: Run): void {
  const evaluate = withOutput(vet.command("evaluate"))
    .summary("judge a tool's output by itself")
    .description(
      "Judges one tool's output by itself, here, without a server: smart takes `smartctl --json -x DEVICE`, storage " +
        "`fio --output-format=json`, network `iperf3 -J`. A verdict comes from what was measured, never from the " +
        "tool's exit code; what cannot be read, or leaves out what is needed, is an error.",
    )
    .addArgument(new Argument("<kind>", "what the file is").choices(CAPTURE_KINDS))
    .argument("<file>", "the tool's output")
    .action(run(evaluateOne));
  withExamples(evaluate, ["crew vet evaluate smart smartctl.json", "crew vet evaluate storage fio.json -o json"]);
}

async function evaluateOne(session: Session, _options: object, kind: CaptureKind, file: string): Promise<ExitCode> {
  const text = await readTextFile(resolve(session.io.cwd, file), file, MAX_BYTES);
  const result = evaluateCapture(kind, text);
  if (session.format === "json") session.print([JSON.stringify(result, undefined, 2)]);
  else session.print(linesOf(session, result));
  return result.verdict === "pass" || result.verdict === "warn" ? ExitCode.ok : ExitCode.unsuccessful;
}

function linesOf(session: Session, { verdict, reasons, metrics }: CaptureResult): string[] {
  const rows = Object.entries(metrics).map(([name, value]) => [name, String(value)]);
  return [
    `verdict: ${verdict}`,
    ...reasons.map((reason) => `  ${visible(reason)}`),
    ...session.tableLines({ columns: [{ title: "METRIC" }, { title: "VALUE" }], rows }),
  ];
}
