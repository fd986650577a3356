import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";

/** The tools that have stand-ins. */
const TOOLS = [
  "smartctl",
  "nvme",
  "stress-ng",
  "stressapptest",
  "fio",
  "iperf3",
  "ipmitool",
  "nvidia-smi",
  "dcgmi",
  "dmidecode",
  "lsblk",
  "lscpu",
  "lspci",
  "lshw",
  "ip",
  "ethtool",
  "wipefs",
  "blkid",
  "fwupdmgr",
] as const;

/** How an answer comes. */
const BEHAVIOURS = ["good", "hang", "ignore_term", "garbage", "truncated", "huge", "escape"] as const;

const answer = z.strictObject({
  /** A shell pattern that the arguments, joined by spaces, must match. Default: any. */
  when: z.string().default("*"),
  /** How often this answer is given; then the next that fits is. Default: always. */
  times: z.int().min(1).optional(),
  /** It runs on for the seconds that its argument --timeout says, and then ends well. */
  lasts: z.boolean().default(false),
  /** Given after this long. Default: at once. */
  delay_ms: z.int().min(0).max(600_000).default(0),
  stdout: z.string().default(""),
  /** Instead of stdout: a value that is written as JSON. */
  json: z.unknown().optional(),
  stderr: z.string().default(""),
  exit: z.int().min(0).max(255).default(0),
  /** Files that it writes: the argument before the file's name, and the content. `${seconds}` is that of --timeout. */
  writes: z.record(z.string(), z.string()).default({}),
  behave: z.enum(BEHAVIOURS).default("good"),
});

const scenario = z.strictObject({
  name: z.string(),
  description: z.string(),
  /** Another scenario, whose tools and files are kept unless they are given here. */
  extends: z.string().optional(),
  /** The answers of each tool; `missing`, like a tool that is not named, is not installed. */
  tools: z.partialRecord(z.enum(TOOLS), z.union([z.literal("missing"), z.array(answer)])).default({}),
  /** Files below the system's root, such as `sys/class/hwmon/hwmon0/name`. Null: not there. */
  files: z
    .record(z.string().regex(/^(?!\/)(?!.*\.\.)/, "expected a path below the root"), z.string().nullable())
    .default({}),
  /** Links below the system's root: where each leads. */
  links: z.record(z.string(), z.string()).default({}),
});

/** How one tool answers. */
export type Answer = z.infer<typeof answer>;
/** A machine that is not there: what its tools say, and what its kernel tells in /proc and /sys. */
export type Scenario = z.infer<typeof scenario>;

/** Checks a scenario. Throws an error that names what is wrong. */
export function parseScenario(value: unknown): Scenario {
  const parsed = scenario.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`scenario: ${issue?.path.map(String).join(".")}: ${issue?.message}`);
}

/** Reads one of the scenarios that come with the kit, with what it extends. */
export async function loadScenario(name: string): Promise<Scenario> {
  const file = new URL(`../../scenarios/${name}.yaml`, import.meta.url);
  const own = parseScenario(parse(await readFile(file, "utf8")));
  if (own.extends === undefined) return own;
  return extend(await loadScenario(own.extends), own);
}

/** What changes of a scenario. */
type Changes = Pick<Scenario, "tools" | "files" | "links"> & Partial<Scenario>;

/** A scenario with changes to it. A tool's answers are put before those that it has. */
export function extend(base: Scenario, changes: Changes): Scenario {
  const tools = { ...base.tools };
  for (const tool of TOOLS) {
    const [own, before] = [changes.tools[tool], tools[tool]];
    if (own !== undefined) tools[tool] = Array.isArray(own) && Array.isArray(before) ? [...own, ...before] : own;
  }
  const files = { ...base.files, ...changes.files };
  return { ...base, ...changes, tools, files, links: { ...base.links, ...changes.links } };
}
