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

/** The one line to paste on a new machine. */
export function enrolLine({ server, fingerprint, token, serves, name }: Enrolment): string {
  const words = ["groundcrew-agent", "--server", server];
  if (fingerprint !== undefined) words.push("--fingerprint", fingerprint);
  words.push("--token", token);
  if (serves !== "build") words.push("--serves", serves);
  if (name !== undefined) words.push("--name", name);
  return words.map(shellWord).join(" ");
}
