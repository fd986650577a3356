import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isLoopback } from "@groundcrew/rpc";
import { shellWord } from "./shell-word.ts";

/** What the line on a new machine says. */
export interface Enrolment {
  /** The address agents dial. */
  server: string;
  /** The server certificate to trust. Absent without TLS. */
  fingerprint?: string;
  /** The enrolment token. */
  token: string;
  /** `build` or `vetting`. */
  serves: string;
  /** The agent's name. Absent: the machine's host name. */
  name?: string;
}

/** The one line to paste on a new machine; `program` is the agent's, as it is found there. */
export function enrolLine({ server, fingerprint, token, serves, name }: Enrolment, program: string): string {
  const words = [program, "--server", server];
  if (fingerprint !== undefined) words.push("--fingerprint", fingerprint);
  words.push("--token", token);
  if (serves !== "build") words.push("--serves", serves);
  if (name !== undefined) words.push("--name", name);
  return words.map(shellWord).join(" ");
}

const ownAgent = fileURLToPath(new URL("../../../bin/groundcrew-agent", import.meta.url));

/** The agent's program in the line: this checkout's where the line is for this machine, else its bare name. */
export function agentProgram(server: string): string {
  // A bundle has no checkout around it.
  return isLoopback(hostOf(server)) && existsSync(ownAgent) ? ownAgent : "groundcrew-agent";
}

/** What to do with the line, and what is wrong with the address in it, if anything. */
export function enrolAdvice(server: string): string[] {
  const host = hostOf(server);
  const reachable = "set the server's --agent-url to an address that they reach";
  if (isLoopback(host)) {
    return [`The line is for this machine: others cannot dial ${host}. To enrol those, ${reachable}.`];
  }
  const steps = "On the new machine: clone this repository, run `make setup`, and run the line with bin/ before it.";
  if (!isUnspecified(host)) return [steps];
  return [steps, `Other machines cannot dial ${host}: ${reachable}, then make the line anew.`];
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}

function isUnspecified(host: string): boolean {
  return host === "0.0.0.0" || host === "[::]";
}
