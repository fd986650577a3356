import { basename } from "node:path";
import { findProgram } from "../../process/find-program.ts";

/** The command line of docker or podman. */
export interface ContainerCli {
  /** The program, as an absolute path. */
  program: string;
  /** What differs between the two. */
  dialect: "docker" | "podman";
  /** The client's own environment: how it finds its daemon, and nothing else of the agent's. */
  env: Record<string, string>;
}

const CLIENT_VARIABLE =
  /^(PATH|HOME|USER|XDG_RUNTIME_DIR|(DOCKER|CONTAINER|CONTAINERS|REGISTRY)_.*|(HTTPS?|NO)_PROXY)$/i;

/** Finds docker, else podman, that answers. Throws an error that names what is missing. */
export async function findContainerCli(): Promise<ContainerCli> {
  const program = (await findProgram("docker")) ?? (await findProgram("podman"));
  if (program === undefined) {
    throw new Error("the backend container needs docker or podman (Debian packages docker.io, podman)");
  }
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      CLIENT_VARIABLE.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );
  const cli: ContainerCli = { program, dialect: basename(program) === "podman" ? "podman" : "docker", env };
  await query(cli, ["version"]).catch((error: unknown) => {
    throw new Error(
      `the backend container does not work here: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  return cli;
}

/** Runs a short command to its end; answers its output's lines. Throws with its own words when it fails. */
export async function query(cli: ContainerCli, args: readonly string[]): Promise<string[]> {
  const { execa } = await import("execa");
  const options = { env: cli.env, extendEnv: false, reject: false, timeout: 60_000, stdin: "ignore" } as const;
  const { failed, stdout, stderr, shortMessage } = await execa(cli.program, args, options);
  if (failed) throw new Error(stderr.trim() || shortMessage);
  return stdout.split("\n").filter((line) => line !== "");
}
