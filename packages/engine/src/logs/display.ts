// What a program that shows logs needs to know of them, without the rest of the engine.
export { parseGroupMark, type GroupMark } from "./groups.ts";
export { newestState } from "./overwritten.ts";
