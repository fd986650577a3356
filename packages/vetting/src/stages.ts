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

/** The name of a stage. */
export type StageName = (typeof STAGES)[number]["name"];
/** A stage that an agent runs as a subprocess. */
export type AgentStageName = Extract<(typeof STAGES)[number], { where: "agent" }>["name"];
/** A stage that a profile speaks about: all but reporting, which every run ends with. */
export type ProfiledStageName = Exclude<StageName, "reporting">;

/** The stages that a profile speaks about, in order. */
export const PROFILED_STAGES: readonly ProfiledStageName[] = STAGES.map((stage) => stage.name).filter(
  (name) => name !== "reporting",
);

/** True for a stage that an agent runs as a subprocess. */
export function isAgentStage(name: string): name is AgentStageName {
  return STAGES.some((stage) => stage.name === name && stage.where === "agent");
}
