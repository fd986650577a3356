import type { EdacCount } from "@groundcrew/vetting";
import { readCount, readNames, readText } from "../sysfs.ts";

/** Where the kernel counts memory errors, one folder a controller. */
export const EDAC_FOLDER = "/sys/devices/system/edac/mc";

/** Reads every count of memory errors. Empty: the kernel counts none, for want of a driver or of ECC memory. */
export async function readEdac(): Promise<EdacCount[]> {
  const controllers = ((await readNames(EDAC_FOLDER)) ?? []).filter((name) => /^mc\d+$/.test(name));
  return (await Promise.all(controllers.map(readController))).flat();
}

async function readController(controller: string): Promise<EdacCount[]> {
  const folder = `${EDAC_FOLDER}/${controller}`;
  const names = (await readNames(folder)) ?? [];
  const modules = names.filter((name) => /^(?:dimm|rank)\d+$/.test(name));
  const rows = modules.length > 0 ? [] : names.filter((name) => /^csrow\d+$/.test(name));
  const counts = await Promise.all([
    ...modules.map((name) => readModule(controller, `${folder}/${name}`)),
    ...rows.map((name) => readRow(controller, folder, name)),
  ]);
  const unplaced = await readCounts(`${folder}/ce_noinfo_count`, `${folder}/ue_noinfo_count`);
  return [...counts.flat(), ...given({ controller, label: "", location: "unknown slot", ...unplaced })];
}

async function readModule(controller: string, folder: string): Promise<EdacCount[]> {
  const [label, location, counts] = await Promise.all([
    readText(`${folder}/dimm_label`),
    readText(`${folder}/dimm_location`),
    readCounts(`${folder}/dimm_ce_count`, `${folder}/dimm_ue_count`),
  ]);
  return given({ controller, label: label ?? "", location: location ?? folder.split("/").at(-1) ?? "", ...counts });
}

/** Older drivers count by row and channel; uncorrected errors they can place in a row only. */
async function readRow(controller: string, folder: string, row: string): Promise<EdacCount[]> {
  const names = (await readNames(`${folder}/${row}`)) ?? [];
  const channels = names.flatMap((name) => /^(ch\d+)_ce_count$/.exec(name)?.[1] ?? []);
  const counted = channels.map(async (channel) => {
    const path = `${folder}/${row}/${channel}`;
    const label = (await readText(`${path}_dimm_label`)) ?? "";
    return given({ controller, label, location: `${row} ${channel}`, ...(await readCounts(`${path}_ce_count`)) });
  });
  const uncorrected = await readCount(`${folder}/${row}/ue_count`);
  const whole = uncorrected === undefined ? [] : [{ controller, label: "", location: row, uncorrected }];
  return [...(await Promise.all(counted)).flat(), ...whole];
}

async function readCounts(correctedPath: string, uncorrectedPath?: string) {
  const corrected = await readCount(correctedPath);
  const uncorrected = uncorrectedPath === undefined ? undefined : await readCount(uncorrectedPath);
  return {
    ...(corrected !== undefined && { corrected }),
    ...(uncorrected !== undefined && { uncorrected }),
  };
}

function given(count: EdacCount): EdacCount[] {
  return count.corrected === undefined && count.uncorrected === undefined ? [] : [count];
}
