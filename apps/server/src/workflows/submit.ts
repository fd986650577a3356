import type { Pipeline, SubmitPipelineRequest } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { Coalescer, type Outcome } from "../db/coalesce.ts";
import type { Topic } from "../db/hints.ts";
import { insertPipelines, type Submitted } from "./insert-pipelines.ts";
import { insertWorkflows } from "./insert-workflows.ts";
import { readPipelines } from "./read.ts";
import { checkedSubmission } from "./submission.ts";

/** One statement takes at most this many bytes of files. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** Queues pipelines. */
export class Submitter {
  readonly #submissions: Coalescer<Submitted, Pipeline>;

  constructor(context: ServerContext) {
    this.#submissions = new Coalescer({
      run: (batch) => submit(context, batch),
      weigh: ({ submission }) => submission.files.reduce((sum, { content }) => sum + content.length, 0),
      maxWeight: BATCH_BYTES,
    });
  }

  /**
   * Checks a pipeline file and queues its workflows, all or none. Returns the pipeline: the first one, when the same
   * submitter repeats an idempotency key. Throws INVALID_ARGUMENT as {@link checkedSubmission} does.
   */
  async submit(request: SubmitPipelineRequest, submittedBy: string): Promise<Pipeline> {
    return this.#submissions.ask({ submission: checkedSubmission(request), submittedBy });
  }
}

async function submit(context: ServerContext, batch: readonly Submitted[]): Promise<Outcome<Pipeline>[]> {
  const { ids, pipelines, topics } = await context.db.transaction().execute(async (tx) => {
    const inserted = await insertPipelines(tx, batch);
    const added = batch.flatMap((question, index) => {
      const row = inserted[index];
      return row?.added ? [{ ...question, pipelineId: row.id }] : [];
    });
    const topics = await insertWorkflows(tx, context, added);
    const ids = inserted.map(({ id }) => id);
    return { ids, pipelines: await readPipelines(tx, ids), topics };
  });
  context.hints.publish("queue", ...topics, ...ids.map((id): Topic => `pipeline:${id}`));
  return ids.map((id) => {
    const pipeline = pipelines.get(id);
    return pipeline ? { value: pipeline } : { error: new Error(`pipeline ${id} vanished`) };
  });
}
