// What runs outside of a test as well: for benchmarks, demo and faults.
export { enrolmentToken, startAgent, TestAgent, type AgentOptions } from "./agent.ts";
export { atEnd, type Owner } from "./at-end.ts";
export { eventually, type EventuallyOptions } from "./eventually.ts";
export { temporaryFolder } from "./folder.ts";
export * from "./history/index.ts";
export { untilLogged } from "./logs.ts";
export { runPipeline, submit, untilEnded } from "./pipelines.ts";
export { processesOf } from "./processes-of.ts";
export { launchPostgres, type TestPostgres } from "./postgres.ts";
export { startProxy, type FaultProxy } from "./proxy.ts";
export type { Direction } from "./proxy-flow.ts";
export { scoped } from "./scope.ts";
export { launchServer, type LaunchOptions, type Operator, type TestServer } from "./server.ts";
export type { TestProcess } from "./test-process.ts";
