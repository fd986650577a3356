import { inventoryOf } from "./inventory.ts";
import { readOcp } from "./ocp/reader.ts";
import type { OcpRun } from "./ocp/run.ts";
import { badge, elapsed, moment } from "./report/format.ts";
import { baselineSection, decisionSection } from "./report/decisions.ts";
import { facts, html, type Html, table } from "./report/html.ts";
import type { ReportInput } from "./report/input.ts";
import { inventorySection } from "./report/inventory.ts";
import { counterSection, partSection, type StageRecord } from "./report/parts.ts";
import { sensorSection } from "./report/sensors.ts";
import { stageDetails, stageTable } from "./report/stages.ts";
import { STYLE } from "./report/style.ts";
import { notCovered, overallVerdict, type RunState, type RunVerdict } from "./run.ts";

/**
 * Renders a run as one HTML file that needs nothing else: no script, no font, no picture from elsewhere. Everything
 * that came from the machine is escaped, and a policy in the file forbids scripts and requests all the same.
 */
export function renderReport(input: ReportInput): string {
  const records = input.stages.map((stage) => ({ stage: stage.stage, run: readOcp(stage.ocp) }));
  const inventory = records.map((record) => inventoryOf(record.run)).find((found) => found !== undefined);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Vetting of ${input.machine.name}: ${overallVerdict(input.run)}</title>
        <style>
          ${{ html: STYLE }}
        </style>
      </head>
      <body>
        <header>
          <h1>Vetting of ${input.machine.name}</h1>
          <p class="dim">Run ${input.runId}, profile ${input.run.profile.name}: ${input.run.profile.description}</p>
        </header>
        <main>
          ${banner(input.run)}${identity(input)}
          <h2>Stages</h2>
          ${stageTable(input)}${stageDetails(input)}${partSection(input.run.profile, records)}${counterSection(records)}
          ${sensorSection(input)}${decisionSection(input)}${baselineSection(input)}
          <h2>Not covered</h2>
          ${coverage(input.run, records)} ${inventorySection(inventory)}
          <h2>Evidence</h2>
          ${evidence(input)}${tools(records.map((record) => record.run))}
        </main>
        <footer>
          <p>
            A pass is a statement about the gates that were applied, on this day and at this load. It is not a warranty.
          </p>
        </footer>
      </body>
    </html> `;
  return page.html;
}

const MEANING: Readonly<Record<RunVerdict, string>> = {
  pass: "Every required stage ran, and every gate held.",
  warn: "No required stage fell short, but something deserves a look.",
  fail: "A required stage was measured and fell short of a gate.",
  error: "A required stage could not be judged. This says nothing good and nothing bad about the hardware.",
};

function banner(run: RunState): Html {
  const verdict = overallVerdict(run);
  const judged = run.results.filter((result) => result.verdict !== "skip").length;
  const reasons = run.results
    .filter((result) => result.verdict !== "pass" && result.verdict !== "skip")
    .flatMap((result) => result.reasons.map((reason) => html`<li>${result.stage}: ${reason}</li> `));
  const state = run.at === "canceled" ? " The run was canceled before its end." : "";
  return html`<section class="banner ${verdict}">
    <strong>${badge(verdict)}</strong>
    <p>${MEANING[verdict]}${state} ${judged} of ${run.profile.stages.length} stages were run.</p>
    ${
      reasons.length === 0
        ? undefined
        : html`<ul>
            ${reasons}
          </ul>`
    }
  </section> `;
}

function identity(input: ReportInput): Html {
  const { machine, stages } = input;
  const start = stages[0]?.startedAtMs;
  const end = stages.at(-1)?.finishedAtMs;
  return facts([
    ["Machine", machine.name],
    ["Vendor", machine.vendor],
    ["Product", machine.product],
    ["Serial", machine.serial],
    ["System UUID", machine.systemUuid],
    ["Board serial", machine.boardSerial],
    ["Permanent MACs", machine.macs?.join(", ")],
    ["Started", start === undefined ? undefined : moment(start)],
    ["Ended", end === undefined ? undefined : moment(end)],
    ["Took", start === undefined || end === undefined ? undefined : elapsed(end - start)],
    ["Report made", moment(input.generatedAtMs)],
    ["Server", input.serverVersion],
    ["Agent", input.agentVersion],
  ]);
}

function coverage(run: RunState, records: readonly StageRecord[]): Html {
  const told = notCovered(run);
  const toldMetrics = new Set(run.results.flatMap((result) => result.gates.map((gate) => gate.metric)));
  const absences = records.flatMap(({ stage, run }) =>
    run.absences
      .filter((absence) => !absence.metrics.some((metric) => toldMetrics.has(metric)))
      .map((absence) => `${stage}: no ${absence.what}: ${absence.why}`),
  );
  const lines = [...told, ...absences].map((line) => html`<li>${line}</li> `);
  return lines.length === 0
    ? html`<p>Nothing that the profile speaks of.</p>`
    : html`<ul>
        ${lines}
      </ul>`;
}

function evidence(input: ReportInput): Html {
  const columns = ["Stage", "File", "Bytes", "SHA-256"];
  const rows = input.evidence.map((file) => [file.stage, file.name, file.size, html`<code>${file.sha256}</code>`]);
  return table("Files", columns, rows);
}

function tools(runs: readonly OcpRun[]): Html {
  const versions = new Map(runs.flatMap((run) => run.software).map(({ name, version }) => [name, version]));
  return table("Tools", ["Tool", "Version"], [...versions]);
}
