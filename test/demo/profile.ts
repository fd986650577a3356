import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { DEMO_PROFILE } from "../../packages/vetting/src/profiles/demo.ts";

/** What the vetting run is judged by: the profile of this name, or one in a file. */
export type ProfileChoice = { profile: string } | { profileFile: { path: string; content: string } };

/** The tool of the CPU stage, and the Debian package it comes in. */
export const STRESS_TOOL = "stress-ng";

/** Where the agent looks for tools besides PATH. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Whether a program can be run on this machine. */
export function hasTool(name: string, path = process.env["PATH"] ?? ""): boolean {
  return [...path.split(delimiter), ...SYSTEM_FOLDERS].some((folder) => isExecutable(join(folder, name)));
}

/** The profile `demo`; on a machine without stress-ng, the same with the CPU stage as a declared skip. */
export function demoProfile(hasStressTool: boolean): ProfileChoice {
  if (hasStressTool) return { profile: "demo" };
  const skip = `  cpu_stress:\n    skip: ${STRESS_TOOL} (Debian package ${STRESS_TOOL}) is not installed on this machine\n`;
  const content = DEMO_PROFILE.replace(/^ {2}cpu_stress:\n(?: {4}.*\n)+/m, skip);
  return { profileFile: { path: "demo-without-stress.yaml", content } };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
