import { hostname } from "node:os";
import type { DutInfo } from "@groundcrew/vetting";
import type { ToolName, ToolVersion } from "./tool.ts";

/** This machine by its host name, with the tool that a stage measures it with, where that is there. */
export function dutInfoWith(name: ToolName, tool: ToolVersion): DutInfo {
  const software = { softwareInfoId: name, name, softwareType: "APPLICATION" };
  return {
    dutInfoId: hostname(),
    name: hostname(),
    softwareInfos: "version" in tool ? [{ ...software, version: tool.version }] : [],
  };
}
