import postgres from "postgres";

/** One transition, as stored. */
interface Event {
  workflow: string;
  from: string | null;
  to: string;
  epoch: string;
}

interface WorkflowEnd {
  id: string;
  state: string;
  epoch: string;
}

/** Where a workflow may go from each state. From the six that are not here, nowhere. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  "": ["blocked", "queued"],
  blocked: ["queued", "skipped", "canceled"],
  queued: ["leased", "canceled"],
  leased: ["running", "queued", "succeeded", "failed", "canceled", "timed_out", "lost"],
  running: ["queued", "succeeded", "failed", "canceled", "timed_out", "lost"],
};

/**
 * Reads what a database says happened, and throws with everything that must never have: a workflow that ended twice or
 * reopened, a transition that does not follow on the one before, an epoch that did not grow or was used twice, two
 * live leases, reports under an epoch that nobody was given, log lines that are missing or stored twice.
 */
export async function checkHistory(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  try {
    const violations = [
      ...(await checkEvents(sql)),
      ...(await checkLeases(sql)),
      ...(await checkReports(sql)),
      ...(await checkLines(sql)),
    ];
    if (violations.length > 0) throw new Error(`the history breaks promises:\n${violations.join("\n")}`);
  } finally {
    await sql.end();
  }
}

async function checkEvents(sql: postgres.Sql): Promise<string[]> {
  const workflows = await sql<WorkflowEnd[]>`select id, state, epoch from workflows order by id`;
  const events = await sql<Event[]>`
    select workflow_id as workflow, from_state as from, to_state as to, epoch from workflow_events order by id`;
  const byWorkflow = Map.groupBy(events, ({ workflow }) => workflow);
  return workflows.flatMap((workflow) => checkWorkflow(workflow, byWorkflow.get(workflow.id) ?? []));
}

/** What is wrong with one workflow's way from its submission to where it stands. */
export function checkWorkflow({ id, state, epoch }: WorkflowEnd, events: readonly Event[]): string[] {
  const violations: string[] = [];
  let at = "";
  let current = 0n;
  for (const event of events) {
    const step = `workflow ${id}: ${event.from ?? "nothing"} to ${event.to} under epoch ${event.epoch}`;
    if ((event.from ?? "") !== at) violations.push(`${step}, but it was ${at || "nothing"}`);
    if (!(EDGES[at] ?? []).includes(event.to)) violations.push(`${step} is no way to go`);
    if (event.to === "leased" && BigInt(event.epoch) <= current) violations.push(`${step}, after epoch ${current}`);
    if (event.to !== "leased" && BigInt(event.epoch) !== current) violations.push(`${step}, but ${current} is current`);
    at = event.to;
    current = BigInt(event.epoch);
  }
  if (at !== state) violations.push(`workflow ${id} is ${state}, but its history ends with ${at || "nothing"}`);
  if (current !== BigInt(epoch)) violations.push(`workflow ${id} has epoch ${epoch}, its history ${current}`);
  return violations;
}

async function checkLeases(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ workflow: string; state: string; live: string; all: string; granted: string }[]>`
    select w.id as workflow, w.state,
      (select count(*) from leases l where l.workflow_id = w.id and l.ended_at is null) as live,
      (select count(*) from leases l where l.workflow_id = w.id) as all,
      (select count(*) from workflow_events e where e.workflow_id = w.id and e.to_state = 'leased') as granted
    from workflows w`;
  return rows.flatMap(({ workflow, state, live, all, granted }) => {
    const wanted = state === "leased" || state === "running" ? "1" : "0";
    return [
      ...(live === wanted ? [] : [`workflow ${workflow} is ${state} with ${live} live leases`]),
      ...(all === granted ? [] : [`workflow ${workflow} was leased ${granted} times but has ${all} leases`]),
    ];
  });
}

async function checkReports(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ id: string; workflow: string; epoch: string; state: string; open: boolean }[]>`
    select s.id, s.workflow_id as workflow, s.epoch, s.state, l.ended_at is null as open
    from step_runs s left join leases l on l.epoch = s.epoch and l.workflow_id = s.workflow_id
    where l.epoch is null or (l.ended_at is not null and s.state in ('pending', 'running'))`;
  return rows.map(({ id, workflow, epoch, state, open }) =>
    open
      ? `step run ${id} of workflow ${workflow} reports under epoch ${epoch}, which nobody was given`
      : `step run ${id} of workflow ${workflow} is ${state}, but its lease has ended`,
  );
}

async function checkLines(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ step_run_id: string; first_line: string; wanted: string }[]>`
    select * from (
      select step_run_id, first_line,
        coalesce(lag(first_line + line_count) over (partition by step_run_id order by first_line), 0) + lost_before
          as wanted
      from log_chunks
    ) as chunks where first_line <> wanted`;
  const ends = await sql<{ id: string; next_line: string; stored: string }[]>`
    select * from (
      select s.id, s.next_line,
        coalesce((select max(first_line + line_count) from log_chunks c where c.step_run_id = s.id), 0) as stored
      from step_runs s
    ) as runs where next_line <> stored`;
  return [
    ...rows.map((row) => `step run ${row.step_run_id}: lines from ${row.first_line} follow on ${row.wanted}`),
    ...ends.map((row) => `step run ${row.id} waits for line ${row.next_line}, but has ${row.stored}`),
  ];
}
