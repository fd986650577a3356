/** Every stage of a vetting run, in the order a run takes them, and where each is done. */
export const STAGES = [
  { name: "inventory", where: "agent" },
  { name: "spec_validate", where: "server" },
  { name: "smart", where: "agent" },
  { name: "cpu_stress", where: "agent" },
  { name: "memory", where: "agent" },
  { name: "storage", where: "agent" },
  { name: "network", where: "agent" },
  { name: "gpu", where: "agent" },
  { name: "psu", where: "agent" },
  { name: "firmware", where: "agent" },
  { name: "reporting", where: "server" },
] as const;

/** The name of a third party's stage. Its dot tells it from those that come with Groundcrew. */
export type ExtraStageName = `${string}.${string}`;
/** The name of a stage. */
export type StageName = (typeof STAGES)[number]["name"] | ExtraStageName;
/** A stage that an agent runs as a subprocess. */
export type AgentStageName = Extract<(typeof STAGES)[number], { where: "agent" }>["name"] | ExtraStageName;
/** A stage that a profile speaks about: all but reporting, which every run ends with. */
export type ProfiledStageName = Exclude<StageName, "reporting">;

/** The stages that every profile speaks about, in order; its third parties' come after them. */
export const PROFILED_STAGES: readonly ProfiledStageName[] = STAGES.map((stage) => stage.name).filter(
  (name) => name !== "reporting",
);

/** True for a stage that an agent runs as a subprocess. */
export function isAgentStage(name: string): name is AgentStageName {
  return isExtraStage(name) || STAGES.some((stage) => stage.name === name && stage.where === "agent");
}

/** True for what may be the name of a third party's stage, such as `acme.fans`: at most 60 characters. */
export function isExtraStage(name: string): name is ExtraStageName {
  return name.length <= 60 && /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$/.test(name);
}

/** The stage of this name. Undefined: there is none. */
export function stageNamed(name: string): StageName | undefined {
  return isExtraStage(name) ? name : STAGES.find((stage) => stage.name === name)?.name;
}
