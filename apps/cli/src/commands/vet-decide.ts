import {
  CancelVettingRunResponseSchema,
  RejectVettingRunResponseSchema,
  RetryVettingStageResponseSchema,
  WaiveVettingRunResponseSchema,
  type VettingRun,
} from "@groundcrew/proto";
import type { Command } from "commander";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { ExitCode } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { ask } from "../prompt.ts";
import { vettingLook, machineText } from "../render/vetting.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { idOf, withExamples, withOutput, type Run } from "./command.ts";

/** What an operator decides about a vetting run: `crew vet cancel`, `retry`, `waive`, `reject` and `key`. */
export function addDecisions(vet: Command, run: Run): void {
  addCancel(vet, run);
  addRetry(vet, run);
  withExamples(
    withRun(vet.command("waive"))
      .description("Ends a held run as passed all the same. Its report says what failed, who waived it and why.")
      .requiredOption("--reason <text>", "why the machine may pass")
      .action(run(waive)),
    ['crew vet waive 4 --reason "the fan is replaced next week"'],
  );
  withRun(vet.command("reject"))
    .description("Ends a held run as failed.")
    .option("--reason <text>", "why", "")
    .action(run(reject));
  withExamples(
    vet
      .command("key")
      .description(
        "Fetches the SSH key to a held machine, where the profile makes one and the agent lets it in. That you did is " +
          "noted in the run.",
      )
      .argument("<run>", "a vetting run", idOf("vet"))
      .option("--output <file>", "where to write it; - is standard output (default: vetting-RUN.key on a terminal)")
      .action(run(key)),
    ["crew vet key 4 --output node-17.key && ssh -i node-17.key root@node-17"],
  );
}

function addCancel(vet: Command, run: Run): void {
  const cancel = withRun(vet.command("cancel"))
    .description("Ends a vetting run, or stops one stage of it. A canceled stage never counts as a pass.")
    .option("--power-off", "switch the machine off afterwards, where its agent allows that")
    .option("--stage <stage>", "stop only this stage, which must be running; a run that holds then holds")
    .action(run(cancelRun));
  withExamples(cancel, ["crew vet cancel 4", "crew vet cancel 4 --power-off", "crew vet cancel 4 --stage cpu_stress"]);
}

function addRetry(vet: Command, run: Run): void {
  const serials = (text: string, before: string[] = []): string[] => [...before, text];
  const retry = withRun(vet.command("retry"))
    .description(
      "Runs a stage of a held run again, on its machine, and goes on from there.\n\n" +
        "With --destroy-data, this one run of storage may overwrite the disks with these serials. You are asked to type " +
        "each serial once more; where nobody is there to type, --confirm says it. The agent refuses a disk that its own " +
        "settings or checks do not allow, and one that carries a file system, a partition table, LUKS, LVM, swap or RAID " +
        "unless --confirm-signatures names it besides.",
    )
    .argument("<stage>", "a stage that has run, such as storage")
    .option("--destroy-data <serial>", "a disk whose data may be lost; repeat it for more", serials)
    .option("--confirm <serial>", "the same serial once more; repeat it for more", serials)
    .option("--confirm-signatures <serial>", "one of them that may carry a signature; repeat it for more", serials)
    .action(run(retryStage));
  withExamples(retry, [
    "crew vet retry 4 cpu_stress",
    "crew vet retry 4 storage --destroy-data S5GXNX0T1 --confirm S5GXNX0T1",
    "crew vet retry 4 storage --destroy-data S5GXNX0T1 --confirm-signatures S5GXNX0T1",
  ]);
}

function withRun(command: Command): Command {
  return withOutput(command).argument("<run>", "a vetting run", idOf("vet"));
}

async function cancelRun(
  session: Session,
  { powerOff = false, stage = "" }: { powerOff?: boolean; stage?: string },
  id: string,
): Promise<void> {
  const operator = await session.operator();
  const response = await operator.cancelVettingRun({ id, powerOff, stage }, session.call);
  session.show(CancelVettingRunResponseSchema, response, () => [
    stage === "" ? standing(id, response.run) : visible(`Stage ${stage} of vetting run ${id} is being stopped.`),
  ]);
}

interface RetryFlags {
  destroyData?: string[];
  confirm?: string[];
  confirmSignatures?: string[];
}

async function retryStage(
  session: Session,
  { destroyData = [], confirm, confirmSignatures = [] }: RetryFlags,
  id: string,
  stage: string,
): Promise<void> {
  const twice = confirm ?? (await typed(session, destroyData));
  const request = { id, stage, destroyData, confirm: twice, confirmSignatures };
  const operator = await session.operator();
  const response = await operator.retryVettingStage(request, session.call);
  session.show(RetryVettingStageResponseSchema, response, () => [
    visible(`Stage ${stage} of vetting run ${id} is queued once more.`),
  ]);
  if (session.format === "table") session.note(`watch it: crew vet watch ${id}`);
}

/** What a person typed for each serial. Fails at the first that is not the same, and where nobody is there to type. */
async function typed(session: Session, serials: readonly string[]): Promise<string[]> {
  if (serials.length === 0) return [];
  if (!session.io.stdin.isTTY) {
    throw usage("nobody is here to type the serials of the disks whose data will be lost", "add --confirm for each");
  }
  for (const serial of serials) {
    const question = `All data on disk ${serial} will be lost. Type its serial to confirm:`;
    if ((await ask(session.io, visible(question))).trim() === serial) continue;
    throw new Failure("that is not the disk's serial, so nothing was done", { exitCode: ExitCode.failure });
  }
  return [...serials];
}

async function waive(session: Session, { reason }: { reason: string }, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.waiveVettingRun({ id, reason }, session.call);
  session.show(WaiveVettingRunResponseSchema, response, () => [standing(id, response.run)]);
}

async function reject(session: Session, { reason }: { reason: string }, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.rejectVettingRun({ id, reason }, session.call);
  session.show(RejectVettingRunResponseSchema, response, () => [standing(id, response.run)]);
}

function standing(id: string, run: VettingRun | undefined): string {
  if (run === undefined) return `Vetting run ${id} is unknown.`;
  return visible(`Vetting run ${id} of ${machineText(run)}: ${run.stage}, ${vettingLook(run).word}.`);
}

async function key(session: Session, { output }: { output?: string }, id: string): Promise<void> {
  const { stdout, cwd } = session.io;
  const operator = await session.operator();
  const { privateKey } = await operator.getVettingHoldKey({ id }, session.call);
  const name = output ?? (stdout.isTty ? `vetting-${id}.key` : "-");
  if (name === "-") {
    stdout.write(privateKey);
    return;
  }
  const path = resolve(cwd, name);
  await writeKey(path, privateKey);
  session.note(`The key is in ${path}; it works while the machine is held: ssh -i ${name} USER@HOST`);
}

/** Never into a file that is there: its mode may let others read it. */
async function writeKey(path: string, privateKey: string): Promise<void> {
  try {
    await writeFile(path, privateKey, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(`cannot write ${path}`, { exitCode: ExitCode.failure, why, cause: error });
  }
}
