/** Why a test of DCGM did not pass. */
export interface DiagWarning {
  text: string;
  /** DCGM's dcgmErrorCategory_enum. Before version 3.3 it is not told. */
  category?: number;
  /** DCGM's dcgmErrorSeverity_enum. */
  severity?: number;
}

/**
 * Categories by dcgm_errors.h: 1, 2 performance below its threshold; 3 configuration, 4 library, 6 CUDA, 7 its own extra
 * diagnostic, 8 other software; 5 Xid; 9 to 15 hardware; 16 internal.
 */
const SOFTWARE = new Set([3, 4, 6, 7, 8, 16]);
/** Severities by dcgm_errors.h: 2 take it out of service, 5 change the configuration, 6 reset it. */
const ISOLATE = 2;

/** Words of failures that are not of the GPU, for versions that do not tell a category. */
const SET_UP_WORDS =
  /persistence mode|denylist|blacklist|nouveau|permission|not (?:supported|enabled|installed|found|loaded)|librar|driver|toolkit|in use|other process|unable to|could not|couldn't|cannot|failed to (?:initialize|load|open|allocate|start)|out of memory|environment variable|config|time(?:d )?out|hostengine/i;
/** Words that speak about the GPU whatever else stands beside them. */
const HARDWARE_WORDS =
  /\becc\b|double.?bit|dbe|row remap|retired page|page retire|\bxid\b|thermal|nvlink|replay|below (?:the )?minimum|violation|memory error|miscompare|inaccura|corrupt|fallen off|mismatch|power brake|bandwidth/i;

/** True: the test could not do its work because of the system around the GPU. All of its warnings must say so. */
export function isSetUp({ category, warnings }: { category: string; warnings: readonly DiagWarning[] }): boolean {
  // "Deployment" is DCGM's name for the checks of the software around its tests.
  if (warnings.length === 0) return /deployment/i.test(category);
  return warnings.every((warning) => isAboutSoftware(warning));
}

function isAboutSoftware({ text, category, severity }: DiagWarning): boolean {
  if (severity === ISOLATE) return false;
  if (category !== undefined && category !== 0) return SOFTWARE.has(category);
  return !HARDWARE_WORDS.test(text) && SET_UP_WORDS.test(text);
}

/** DCGM fails a run for thermal violations "totaling 0.0 seconds" (NVIDIA/DCGM#242). This many seconds are nothing. */
const HEAT_SECONDS = 0.1;

/** True for a thermal violation that lasted no time. */
export function isTrivialHeat({ text }: DiagWarning): boolean {
  const seconds = /thermal violations? (?:totall?ing|of) (\d{1,9}(?:\.\d{1,9})?) ?s/i.exec(text)?.[1];
  return seconds !== undefined && Number(seconds) <= HEAT_SECONDS;
}
