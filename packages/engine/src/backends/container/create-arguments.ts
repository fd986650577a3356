import { join } from "node:path";
import type { BackendRunOptions } from "../backend.ts";
import type { ContainerCli } from "./container-cli.ts";

/** The label that carries the agent's own mark, so that it cleans up after itself and nobody else. */
export const OWNER_LABEL = "dev.groundcrew.owner";

/** What a container is created with. */
export interface CreateOptions {
  cli: ContainerCli;
  run: BackendRunOptions;
  name: string;
  owner: string;
  image: string;
  envFile: string;
  /** The folder with the `config.json` that holds the registries' credentials. */
  registryConfig: string | undefined;
  readOnlyPaths: readonly string[];
}

/** The arguments of `create`. The image is pulled where it is missing. */
export function createArguments(options: CreateOptions): string[] {
  const { cli, run, name, owner, image, envFile, registryConfig } = options;
  const podman = cli.dialect === "podman";
  return [
    ...(registryConfig !== undefined && !podman ? ["--config", registryConfig] : []),
    "create",
    "--name",
    name,
    "--label",
    `${OWNER_LABEL}=${owner}`,
    ...(registryConfig !== undefined && podman ? ["--authfile", join(registryConfig, "config.json")] : []),
    // Zombies need a first process that takes note of them.
    "--init",
    "--pull",
    "missing",
    "--env-file",
    envFile,
    ...multiLine(run.env).flatMap((variable) => ["--env", variable]),
    "--user",
    `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
    ...(podman && process.getuid?.() !== 0 ? ["--userns", "keep-id"] : []),
    "--network",
    run.network ?? "host",
    "--workdir",
    run.cwd,
    ...mounts(options).flatMap((mount) => ["--mount", mount]),
    "--entrypoint",
    run.file,
    image,
    ...run.args,
  ];
}

/** The content of the env file: a variable a line, those of several lines left out. */
export function envFileOf(env: Record<string, string>): string {
  const lines = Object.entries(env).filter(([, value]) => !value.includes("\n"));
  return lines.map(([name, value]) => `${name}=${value}\n`).join("");
}

/** The variables that an env file cannot hold; they travel in the client's own environment. */
export function multiLine(env: Record<string, string>): string[] {
  return Object.keys(env).filter((name) => env[name]?.includes("\n"));
}

function mounts({ run: { workspace, readOnlyPaths = [] }, readOnlyPaths: always }: CreateOptions): string[] {
  const { root, directory, home, temporary, outputs } = workspace;
  return [
    ...[...always, ...readOnlyPaths, root].map((path) => bind(path, path, "readonly")),
    ...[directory, home, temporary, outputs].map((path) => bind(path, path)),
    bind(temporary, "/tmp"),
  ];
}

// A mount is a line of CSV.
function bind(source: string, target: string, ...more: string[]): string {
  const fields = ["type=bind", `source=${source}`, `target=${target}`, ...more];
  return fields.map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}
