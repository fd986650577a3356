import type { Command } from "commander";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { crewVersion } from "../version.ts";
import { withOutput, type Run } from "./command.ts";

/** `crew version`. */
export function addVersion(program: Command, run: Run): void {
  withOutput(program.command("version"))
    .summary("the versions of crew and of the server")
    .description("Prints the version of crew, and of the server when logged in to one that answers.")
    .action(run(printVersions));
}

async function printVersions(session: Session): Promise<void> {
  const server = await serverVersion(session);
  if (session.format === "json") {
    session.print([JSON.stringify({ crew: crewVersion, node: process.versions.node, ...server }, undefined, 2)]);
    return;
  }
  session.print([`crew ${crewVersion} (Node ${process.versions.node})`]);
  if (server.server !== undefined) session.print([visible(`server ${server.server} at ${server.url ?? ""}`)]);
  if (server.problem !== undefined) session.note(`crew: the server's version is unknown: ${visible(server.problem)}`);
}

interface ServerVersion {
  server?: string;
  url?: string;
  problem?: string;
}

async function serverVersion(session: Session): Promise<ServerVersion> {
  try {
    const operator = await session.operator();
    const { serverVersion } = await operator.whoAmI({}, session.call);
    return { server: serverVersion, url: session.target().url };
  } catch (error) {
    return { problem: session.failure(error).message };
  }
}
