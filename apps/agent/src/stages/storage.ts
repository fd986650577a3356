import { writeFile } from "node:fs/promises";
import { driveTrouble, type OcpWriter, storageParameters, type StorageParameters } from "@groundcrew/vetting";
import PQueue from "p-queue";
import { kernelLogEnd, kernelLogSince } from "./kmsg.ts";
import { dutInfoWith } from "./dut-info.ts";
import { COMPLETE, ERROR, type Stage, type StageContext } from "./stage.ts";
import { recordComparisons, type TargetRate } from "./storage/compare.ts";
import { findTargets, type Targets } from "./storage/find-targets.ts";
import type { Target } from "./storage/target.ts";
import { testTarget } from "./storage/test-target.ts";
import { versionOf } from "./tool.ts";

/**
 * Reads every drive, several at a time, without writing to any: in sequence and at random. A drive that an operator
 * named in an override, and that no gate refuses, is also written to and read back, which destroys its data. Where the
 * profile says so, files of its own making stand in for drives.
 */
export const storage: Stage = async (context) => {
  const { ocp, program, say, signal } = context;
  const parameters = storageParameters(context.parameters);
  const tool = await versionOf("fio", signal);
  ocp.start({ ...program, parameters, dutInfo: dutInfoWith("fio", tool) });
  if ("failure" in tool) {
    ocp.error(tool.missing ? "tool-missing" : "tool-failed", tool.failure);
    say(tool.failure);
    return ERROR;
  }
  const kernelEnd = kernelLogEnd();
  const found = await findTargets(context, parameters);
  try {
    recordTargets(context, found);
    recordComparisons(ocp, await testAll(context, found.targets, parameters));
    ocp.endSeries();
    await recordKernel(ocp, found.targets, kernelEnd);
  } finally {
    await Promise.all(found.targets.map(({ handle }) => handle.close()));
  }
  return found.targets.length === 0 || found.refused.length > 0 ? ERROR : COMPLETE;
};

/** Several targets at a time; the first that throws, which only an abort makes, ends all. */
function testAll(
  context: StageContext,
  targets: readonly Target[],
  parameters: StorageParameters,
): Promise<TargetRate[]> {
  const queue = new PQueue({ concurrency: parameters.parallel });
  return Promise.all(
    targets.map((target) => queue.add(async () => ({ target, rate: await testTarget(context, target, parameters) }))),
  );
}

function recordTargets({ ocp, say, overrides }: StageContext, { targets, unread, refused }: Targets): void {
  ocp.measurement("storage.targets", targets.length);
  ocp.measurement("storage.unread_drives", unread.length);
  for (const { title, writable, drive } of targets) {
    say(`${title}: ${writable ? (drive ? "its data may be destroyed" : "written and read") : "only read"}`);
  }
  for (const why of unread) say(`not read: ${why}`);
  if (targets.length === 0)
    ocp.error("nothing-to-test", unread.length === 0 ? "no drive was found" : unread.join("; "));
  for (const why of refused) {
    ocp.error("destruction-refused", why);
    say(`its data is not destroyed: ${why}`);
  }
  if (overrides.destroyData.length === 0) return;
  say(`an operator allows the data of these to be destroyed: ${overrides.destroyData.join(", ")}`);
}

/** What the kernel said of these drives meanwhile. The kernel says it of a read that a retry made good, too. */
async function recordKernel(ocp: OcpWriter, targets: readonly Target[], end: number | undefined): Promise<void> {
  const metric = "storage.kernel_errors";
  const log = kernelLogSince(end);
  if ("unknown" in log) return ocp.absent({ what: "the kernel's messages", why: log.unknown, metrics: [metric] });
  const names = targets.flatMap(({ drive }) => (drive ? [drive.device.name] : []));
  const trouble = driveTrouble(log.messages, names);
  ocp.measurement(metric, trouble.length);
  if (trouble.length === 0) return;
  await writeFile("kernel.log", trouble.map(({ text }) => `${text}\n`).join(""));
  ocp.file("kernel.log", "text/plain");
}
