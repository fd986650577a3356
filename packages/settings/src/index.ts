export { address, boolean, choice, custom, duration, integer, list, pairs, text } from "./setting.ts";
export type { Address, Setting } from "./setting.ts";
export { defineProgram } from "./program.ts";
export type { Command, Program, Settings, ValuesOf } from "./program.ts";
export { loadProgram } from "./load-program.ts";
export type { Loaded, Source } from "./load-program.ts";
export { parseDuration } from "./duration.ts";
