/**
 * What an agent's own process needs of this package. It lasts for as long as its machine: what only judges, and the
 * libraries which that takes, would cost it tens of megabytes of memory.
 */
export { GPU_SENSOR_COLUMNS, parseGpuSensors } from "./parsers/nvidia-smi-sensors.ts";
export { isExtraStage } from "./stages.ts";
