import { asCount, asObject, asObjects, asText } from "../../parsers/json.ts";
import { asAmount, parseYaml } from "../../parsers/tool-yaml.ts";

/** Twenty stressors take about 30 KB. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** What stress-ng's `--yaml` file tells. */
export interface StressYaml {
  metrics: { stressor: string; bogoOps: number; seconds: number; maxRssKiB: number | undefined }[];
  totalRamBytes: number | undefined;
  cpusOnline: number | undefined;
}

/** The YAML in a text, from its `---` to its `...`; the tool's own words may stand around it. */
export function yamlPart(text: string): { yaml: string; rest: string; isWhole: boolean } | undefined {
  const start = text.search(/^---\s*\n(?:system-info|metrics):/m);
  if (start < 0) return undefined;
  const end = /^\.\.\.[ \t]*\r?\n/m.exec(text.slice(start));
  const length = end === null ? text.length - start : end.index;
  return {
    yaml: text.slice(start, start + length),
    rest: `${text.slice(0, start)}${end === null ? "" : text.slice(start + length + end[0].length)}`,
    isWhole: end !== null,
  };
}

/** Reads the file that `stress-ng --yaml` writes. Undefined: it holds no metrics. */
export function readStressYaml(yaml: string): StressYaml | undefined {
  const document = asObject(parseYaml(yaml, MAX_LENGTH));
  const system = asObject(document?.["system-info"]);
  const metrics = asObjects(document?.["metrics"]).flatMap((each) => {
    const stressor = asText(each["stressor"]);
    const [bogoOps, seconds] = [asAmount(each["bogo-ops"]), asAmount(each["wall-clock-time"])];
    if (stressor === undefined || bogoOps === undefined || seconds === undefined) return [];
    return [{ stressor, bogoOps, seconds, maxRssKiB: asAmount(each["max-rss"]) }];
  });
  if (metrics.length === 0) return undefined;
  return { metrics, totalRamBytes: asCount(system?.["totalram"]), cpusOnline: asCount(system?.["cpus-online"]) };
}
