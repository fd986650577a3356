import type { SensorKind, SensorSample } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { Db } from "../context.ts";

/** What a report's charts can show; every sensor keeps at least its least and its greatest reading. */
const SAMPLES_MAX = 20_000;

interface Row {
  kind: string;
  key: string;
  unit: string;
  value: number;
  at: Date;
}

/**
 * The sensor readings of a vetting run, by sensor and time, at most about `maxSamples`. Where there are more, each
 * sensor keeps the least and the greatest of each of equal stretches of time: a peak is never averaged away.
 */
export async function samplesOf(db: Db, workflowId: string, maxSamples = SAMPLES_MAX): Promise<SensorSample[]> {
  const { rows } = await sql<Row>`
    with mine as (select kind, key, unit, value, at from samples where workflow_id = ${workflowId}),
    span as (
      select count(*) as many, count(distinct (kind, key)) as sensors,
        extract(epoch from min(at)) as first, extract(epoch from max(at)) as last from mine
    ),
    stretched as (
      select mine.*, case when many <= ${maxSamples} then null else
        floor((extract(epoch from at) - first) / greatest((last - first) / greatest(${maxSamples} / 2 / sensors, 1), 0.001))
        end as stretch, many
      from mine, span
    ),
    ranked as (
      select *, row_number() over (partition by kind, key, stretch order by value, at) as least,
        row_number() over (partition by kind, key, stretch order by value desc, at) as greatest
      from stretched
    )
    select kind, key, unit, value, at from ranked
    where many <= ${maxSamples} or least = 1 or greatest = 1
    order by kind, key, at limit ${maxSamples * 2}`.execute(db);
  return rows.map(({ kind, at, ...rest }) => ({ ...rest, kind: kind as SensorKind, atMs: at.getTime() }));
}
