import { resolve } from "node:path";
import type { Command } from "commander";
import { fetchEvidence } from "../evidence/fetch.ts";
import type { Session } from "../session.ts";
import { idOf, withExamples, type Run } from "./command.ts";

/** `crew vet evidence`. */
export function addEvidence(vet: Command, run: Run): void {
  const evidence = vet
    .command("evidence")
    .summary("fetch a run's evidence")
    .description(
      "Fetches everything that a run's stages kept, into a folder: a folder for each stage, checked by SHA-256.",
    )
    .argument("<run>", "a vetting run", idOf("vet"))
    .option("--into <folder>", "where to (default: evidence-RUN)")
    .action(run(fetchAll));
  withExamples(evidence, ["crew vet evidence 12", "crew vet evaluate ./evidence-12 --profile ./stricter.yaml"]);
}

async function fetchAll(session: Session, { into }: { into?: string }, id: string): Promise<void> {
  const folder = resolve(session.io.cwd, into ?? `evidence-${id}`);
  const count = await fetchEvidence(session, await session.operator(), id, folder);
  session.note(count === 0 ? `Vetting run ${id} has no evidence yet.` : `${count} files are in ${folder}`);
}
