import type { Command } from "commander";
import { CompareVettingResponseSchema, Verdict, type FigurePosition } from "@groundcrew/proto";
import type { Table } from "../render/tables.ts";
import type { Session } from "../session.ts";
import type { Cell } from "../terminal/table.ts";
import { visible } from "../terminal/visible.ts";
import { idOf, withExamples, withOutput, type Run } from "./command.ts";

/** `crew vet compare`. */
export function addCompare(vet: Command, run: Run): void {
  const compare = withOutput(vet.command("compare"))
    .summary("a run's figures beside those of machines alike")
    .description(
      "Shows the numbers that a run measured beside what is usual among machines of the same model and firmware: the " +
        "median of the newest run of each, and their spread (median absolute deviation × 1.4826, at least 2 % of the " +
        "median). Over 5 spreads away is unusual: from 20 machines on it is said to fall short, before that only to " +
        "deserve a look; fewer than 5 say nothing. With another run, its numbers are shown as well.",
    )
    .argument("<run>", "a vetting run", idOf("vet"))
    .argument("[other]", "another vetting run", idOf("vet"))
    .action(run(compareRuns));
  withExamples(compare, ["crew vet compare 42", "crew vet compare 42 17 -o json"]);
}

async function compareRuns(session: Session, _options: object, id: string, otherId = "0"): Promise<void> {
  const operator = await session.operator();
  const response = await operator.compareVetting({ id, otherId }, session.call);
  session.showTable(CompareVettingResponseSchema, response, figureTable(response.figures, otherId));
  if (session.format !== "table") return;
  const alike = response.cohort === "" ? "the inventory does not tell its model" : `alike: ${response.cohort}`;
  session.note(visible(response.figures.length === 0 ? `run ${id} has measured no figures; ${alike}` : alike));
}

const positions: Record<number, Cell> = {
  [Verdict.PASS]: "usual",
  [Verdict.WARN]: { text: "unusual", look: "yellow" },
  [Verdict.FAIL]: { text: "falls short", look: "red" },
};

function figureTable(figures: FigurePosition[], otherId: string): Table {
  const right = "right" as const;
  return {
    columns: [
      { title: "STAGE" },
      { title: "METRIC" },
      { title: "VALUE", align: right },
      ...(otherId === "0" ? [] : [{ title: `RUN ${otherId}`, align: right }]),
      { title: "ALIKE", align: right },
      { title: "POSITION" },
      { title: "WHAT IS USUAL", flexible: true },
    ],
    rows: figures.map((each) => [
      each.stage,
      each.metric,
      String(each.value),
      ...(otherId === "0" ? [] : [each.other === undefined ? "" : String(each.other)]),
      each.alike === 0 ? "" : String(each.alike),
      positions[each.verdict] ?? "",
      each.message,
    ]),
  };
}
