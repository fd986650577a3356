// What runs outside of a test as well: for benchmarks and tools.
export { startAgent, type AgentOptions, type TestAgent } from "./agent.ts";
export type { Owner } from "./at-end.ts";
export { runPipeline } from "./pipelines.ts";
export { scoped } from "./scope.ts";
export { launchServer, type LaunchOptions, type Operator, type TestServer } from "./server.ts";
