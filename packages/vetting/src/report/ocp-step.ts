import type { StageArtifact } from "../ocp/stage-records.ts";

/** Writes the records of one run's steps, one after the other, each numbered. */
export class StepWriter {
  readonly #lines: string[] = [];
  /** The open series of the step, by the id that the stage gave: the id here, and its elements so far. */
  readonly #series = new Map<string, { id: string; count: number }>();
  #step = "";

  /** One record, dated. */
  record(timestamp: string, artifact: Record<string, unknown>): void {
    this.#lines.push(JSON.stringify({ sequenceNumber: this.#lines.length, timestamp, ...artifact }));
  }

  /** Opens a step. */
  start(step: string, timestamp: string): void {
    this.#step = step;
    this.step(timestamp, { testStepStart: { name: step } });
  }

  /** Closes the step. */
  end(timestamp: string, status: "COMPLETE" | "ERROR" | "SKIP"): void {
    this.step(timestamp, { testStepEnd: { status } });
  }

  /** One artifact of the step. */
  step(timestamp: string, artifact: Record<string, unknown>): void {
    this.record(timestamp, { testStepArtifact: { testStepId: this.#step, ...artifact } });
  }

  /** An artifact that a stage recorded. Its measurements get validators; its series get ids of the run's own. */
  artifact(
    { name, content, timestamp }: StageArtifact,
    otherwise: string,
    validatorsOf: (metric: string) => object[],
  ): void {
    const at = timestamp ?? otherwise;
    switch (name) {
      case "measurement":
        return this.step(at, { [name]: withValidators(content, validatorsOf(String(content["name"]))) });
      case "measurementSeriesStart":
        return this.#startSeries(at, content);
      case "measurementSeriesElement":
        return this.#element(at, content);
      case "measurementSeriesEnd":
        // Written when the step ends, with the number of elements that are there.
        return;
      default:
        return this.step(at, { [name]: content });
    }
  }

  /** Closes the series that are open. */
  endSeries(timestamp: string): void {
    for (const { id, count } of this.#series.values()) {
      this.step(timestamp, { measurementSeriesEnd: { measurementSeriesId: id, totalCount: count } });
    }
    this.#series.clear();
  }

  /** All records, one a line. */
  text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }

  #startSeries(at: string, content: Record<string, unknown>): void {
    const given = String(content["measurementSeriesId"]);
    if (this.#series.has(given)) return;
    const id = `${this.#step}/${given}`;
    this.#series.set(given, { id, count: 0 });
    this.step(at, { measurementSeriesStart: { ...content, measurementSeriesId: id } });
  }

  #element(at: string, content: Record<string, unknown>): void {
    const series = this.#series.get(String(content["measurementSeriesId"]));
    if (series === undefined) return;
    this.step(at, {
      measurementSeriesElement: { ...content, measurementSeriesId: series.id, index: series.count },
    });
    series.count += 1;
  }
}

function withValidators(content: Record<string, unknown>, added: readonly object[]): Record<string, unknown> {
  const given = Array.isArray(content["validators"]) ? (content["validators"] as unknown[]) : [];
  const validators = [...given, ...added];
  return validators.length === 0 ? content : { ...content, validators };
}
