import type { MessageInitShape } from "@bufbuild/protobuf";
import { Verdict, type CompareVettingRequest, type CompareVettingResponseSchema } from "@groundcrew/proto";
import type { BaselinePosition } from "@groundcrew/vetting";
import type { Db } from "../context.ts";
import { requireId } from "../validate.ts";
import { baselineOfRun } from "./baseline.ts";
import { findVettingRun } from "./read.ts";

const verdicts: Record<BaselinePosition["verdict"], Verdict> = {
  within: Verdict.PASS,
  warn: Verdict.WARN,
  fail: Verdict.FAIL,
  too_few: Verdict.SKIP,
};

/** The figures of a run beside those of machines alike, and of another run where one is named. Throws NOT_FOUND. */
export async function compareVetting(
  db: Db,
  { id, otherId }: CompareVettingRequest,
): Promise<MessageInitShape<typeof CompareVettingResponseSchema>> {
  const { cohort } = await findVettingRun(db, requireId("id", id));
  const other = otherId === "0" ? new Map<string, number>() : await figuresOfRun(db, requireId("other_id", otherId));
  const positions = await baselineOfRun(db, id);
  return {
    cohort,
    figures: positions.map(({ stage, metric, unit, value, baseline, verdict, message }) => {
      const beside = other.get(`${stage} ${metric}`);
      const { n: alike = 0, median = 0, spread = 0 } = baseline ?? {};
      const figure = { stage, metric, unit, value, alike, median, spread, verdict: verdicts[verdict], message };
      return beside === undefined ? figure : { ...figure, other: beside };
    }),
  };
}

async function figuresOfRun(db: Db, id: string): Promise<Map<string, number>> {
  await findVettingRun(db, id);
  const rows = await db.selectFrom("vetting_figures").selectAll().where("workflow_id", "=", id).execute();
  return new Map(rows.map(({ stage, metric, value }) => [`${stage} ${metric}`, value]));
}
