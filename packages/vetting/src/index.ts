export { CAPTURE_KINDS, type CaptureKind, type CaptureResult, evaluateCapture } from "./captures/evaluate-capture.ts";
export { judgeStage, type StageEvidence, type StageResult } from "./evaluate.ts";
export { type Gate, type GateResult, type Operator, type Severity } from "./gate.ts";
export { INVENTORY_EXTENSION, inventoryOf, type Inventory, type Nic, type PciDevice } from "./inventory.ts";
export { readOcp } from "./ocp/reader.ts";
export { type Absence, type Measurement, type OcpRun, type Series } from "./ocp/run.ts";
export { type DutInfo, OcpWriter, type OcpWriterOptions, type RunEnd } from "./ocp/writer.ts";
export { type CpuStressParameters, cpuStressParameters } from "./parameters.ts";
export { parseProfile, type ProfileProblem, type ProfileResult } from "./parse-profile.ts";
export { parseMemoryDevices } from "./parsers/dmidecode.ts";
export { parseIpLink } from "./parsers/ip-link.ts";
export { LSBLK_COLUMNS, parseLsblk } from "./parsers/lsblk.ts";
export { parseLscpu } from "./parsers/lscpu.ts";
export { parseLspci } from "./parsers/lspci.ts";
export {
  busyShare,
  type CpuTime,
  parseCpuTime,
  parseMachineChecks,
  parseMemTotal,
  parseMicrocode,
} from "./parsers/proc.ts";
export { parseStressNgLog, parseStressNgYaml, type StressNgMetrics } from "./parsers/stress-ng.ts";
export { type GatedStage, isSkipped, type Profile, type SkippedStage, type StageProfile } from "./profile.ts";
export { builtInProfiles } from "./profiles/built-in.ts";
export { renderReport } from "./report.ts";
export { type ReportInput, type ReportStage } from "./report/input.ts";
export {
  cancelRun,
  finishReporting,
  type NextStage,
  nextOf,
  notCovered,
  overallVerdict,
  recordStage,
  type RunState,
  type RunVerdict,
  startRun,
} from "./run.ts";
export { SENSOR_KINDS, type SensorKind, type SensorSample } from "./sensors.ts";
export { type Reflector, type StageFacts, stageFacts, type StageOverrides, stageOverrides } from "./stage-facts.ts";
export { type AgentStageName, isAgentStage, type ProfiledStageName, type StageName, STAGES } from "./stages.ts";
export { type Verdict } from "./verdict.ts";
