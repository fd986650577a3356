// What tests share: real databases, real processes, broken networks, and the check of what they left.
export { enrolmentToken, startAgent, type AgentOptions, type TestAgent } from "./agent.ts";
export { atEnd, type Owner } from "./at-end.ts";
export { runAgent, runCrew, runServer, startCrew, type CrewOptions, type ProgramResult } from "./run-program.ts";
export { freshDatabase, useCluster, type FreshDatabaseOptions } from "./database.ts";
export { eventually, type EventuallyOptions } from "./eventually.ts";
export { temporaryFolder } from "./folder.ts";
export { checkHistory } from "./check-history.ts";
export { readLog, readLogs, untilLogged, type LogOptions } from "./logs.ts";
export { runPipeline, submit, untilEnded, watchUntil, workflowOf } from "./pipelines.ts";
export { processesOf, type FoundProcess } from "./processes-of.ts";
export { startCallProxy, type Treatment } from "./call-proxy.ts";
export { startProxy, type FaultProxy } from "./proxy.ts";
export type { Direction } from "./proxy-flow.ts";
export { dialAsAgent, enrolRawAgent, type PeerClient, type RawAgent, type RawAgentInfo } from "./raw-agent.ts";
export { launchServer, type LaunchOptions, type Operator, type TestServer } from "./server.ts";
export { startReplica, startServer } from "./start-server.ts";
export { TestProcess, type Ended, type ProcessOptions } from "./test-process.ts";
