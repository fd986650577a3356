export { sha256Of } from "./attestation/digest.ts";
export { signStatement } from "./attestation/envelope.ts";
export { keyIdOf, readPublicKey } from "./attestation/keys.ts";
export { type Statement, statementOf, type Subject } from "./attestation/statement.ts";
export { type Verification, verifyAttestation } from "./attestation/verify.ts";
export { canonicalJson } from "./canonical-json.ts";
export { baselineOf, type BaselinePosition, type Figure, positionOf } from "./baseline/baseline.ts";
export { figuresOf } from "./baseline/figures.ts";
export { CAPTURE_KINDS, type CaptureKind, type CaptureResult, evaluateCapture } from "./captures/evaluate-capture.ts";
export { SMART_GROWTH, readSmart, serialOf } from "./captures/smart.ts";
export { readDcgm } from "./captures/gpu/dcgm.ts";
export { isNvidiaSmi, readNvidiaSmi } from "./captures/gpu/smi.ts";
export { eventMetrics, ipmiOf } from "./captures/psu.ts";
export { selTimeMs } from "./captures/psu/events.ts";
export { type SelEntry } from "./captures/psu/rows.ts";
export { supplyMetrics } from "./captures/psu/supplies.ts";
export { judgeStage, type StageEvidence, type StageResult } from "./evaluate.ts";
export { evaluateRun, type RunResult } from "./evaluate-run.ts";
export { type Gate, type GateResult, type Operator, type Severity } from "./gate.ts";
export {
  type Dimm,
  INVENTORY_EXTENSION,
  inventoryOf,
  inventorySchema,
  type Inventory,
  type Nic,
  type PciDevice,
} from "./inventory.ts";
export { readOcp } from "./ocp/reader.ts";
export { type Absence, type Measurement, type OcpRun, type Series } from "./ocp/run.ts";
export { type DutInfo, OcpWriter, type OcpWriterOptions, type RunEnd } from "./ocp/writer.ts";
export {
  type CpuStressParameters,
  cpuStressParameters,
  type MemoryParameters,
  memoryParameters,
  type SmartParameters,
  smartParameters,
  type FirmwareParameters,
  firmwareParameters,
  type GpuParameters,
  gpuParameters,
  type PsuParameters,
  psuParameters,
  type NetworkParameters,
  networkParameters,
  type StorageParameters,
  storageParameters,
} from "./parameters.ts";
export { type FileProblem } from "./located-yaml.ts";
export { parseProfile, type ProfileResult } from "./parse-profile.ts";
export { parseMemoryDevices } from "./parsers/dmidecode.ts";
export { type Capture } from "./captures/capture.ts";
export { readFio } from "./captures/fio.ts";
export { driveTrouble, type KernelMessage, parseKernelMessages } from "./parsers/kmsg.ts";
export { type Mount, parseMountInfo, parseSwaps } from "./parsers/mounts.ts";
export { parseWipefs } from "./parsers/wipefs.ts";
export { type CacheCliff, findCliff, parseBandwidthLog } from "./storage/cliff.ts";
export { type DiskFacts, isSameDisk } from "./storage/disk-facts.ts";
export { specDisks } from "./storage/spec-disks.ts";
export { type DestructionRequest, destructionRefusals, type Refusal } from "./storage/refusals.ts";
export { parseEthtoolErrors } from "./parsers/ethtool.ts";
export { type Iperf3Run, readIperf3Run } from "./network/iperf3-run.ts";
export { limitsOf } from "./network/limits.ts";
export { linkBySpec } from "./network/spec-link.ts";
export { parseIpLink } from "./parsers/ip-link.ts";
export { LSBLK_COLUMNS, parseLsblk } from "./parsers/lsblk.ts";
export { parseLscpu } from "./parsers/lscpu.ts";
export { parseLspci } from "./parsers/lspci.ts";
export {
  busyShare,
  type CpuTime,
  parseCpuTime,
  parseCpuTimes,
  parseMemAvailable,
  parseMachineChecks,
  parseMemTotal,
  parseMicrocode,
} from "./parsers/proc.ts";
export {
  parseNvmeSelfTest,
  parseNvmeSelfTestSupport,
  parseSmartSelfTest,
  parseSmartSelfTestSupport,
  type SelfTestName,
  type SelfTestReading,
  type SelfTestSupport,
} from "./parsers/self-test.ts";
export { parseSmartScan, type ScannedDrive, type SmartScan } from "./parsers/smart-scan.ts";
export { edacGrowth, type EdacCount } from "./parsers/edac.ts";
export { parseStressapptest } from "./parsers/stressapptest.ts";
export { parseStressNgLog, parseStressNgYaml, type StressNgMetrics } from "./parsers/stress-ng.ts";
export { parseEthtoolDriver } from "./parsers/ethtool-driver.ts";
export { type XidCounts, xidsOf } from "./parsers/xid.ts";
export {
  absenceLimitOf,
  type GatedStage,
  type HoldPolicy,
  isGated,
  isSkipped,
  type Profile,
  profileFor,
  type SkippedStage,
  type SpecStage,
  type StageProfile,
} from "./profile.ts";
export { builtInProfiles, builtInProfileText } from "./profiles/built-in.ts";
export { renderReport } from "./report.ts";
export { type Decision, type ReportInput, type ReportStage } from "./report/input.ts";
export { renderJunit } from "./report/junit.ts";
export { renderOcp } from "./report/ocp.ts";
export {
  cancelRun,
  finishReporting,
  newRun,
  type NextStage,
  nextOf,
  notCovered,
  overallVerdict,
  recordStage,
  type RunState,
  type RunVerdict,
  startRun,
} from "./run.ts";
export { type Interruption, type RunAct, type RunEvent } from "./run/event.ts";
export { interruptedResult, move, RunConflict, withAct } from "./run/move.ts";
export { isEnded, phaseOf } from "./run/state.ts";
export { compareSpec, type DeclaredParts } from "./spec/compare-spec.ts";
export { type Comparison, type Difference } from "./spec/comparison.ts";
export { learnSpec } from "./spec/learn-spec.ts";
export { parseSpec, type SpecResult } from "./spec/parse-spec.ts";
export { specRecord } from "./spec/record.ts";
export { type Spec, specSchema } from "./spec/schema.ts";
export { SENSOR_KINDS, type SensorKind, type SensorSample } from "./sensors.ts";
export { type Reflector, type StageFacts, stageFacts, type StageOverrides, stageOverrides } from "./stage-facts.ts";
export {
  type AgentStageName,
  type ExtraStageName,
  isAgentStage,
  PROFILED_STAGES,
  type ProfiledStageName,
  type StageName,
  stageNamed,
  STAGES,
} from "./stages.ts";
export { type Verdict } from "./verdict.ts";
