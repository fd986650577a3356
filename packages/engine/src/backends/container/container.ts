import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launchInGroup, runProcess } from "../../process/run-process.ts";
import { stopCauseOf } from "../../process/stop-cause.ts";
import { supervise, type Launched, type ProcessEnd, type ProcessOptions } from "../../process/supervise.ts";
import type { Backend, BackendRunOptions } from "../backend.ts";
import { findContainerCli, query, type ContainerCli } from "./container-cli.ts";
import { createArguments, envFileOf, multiLine, OWNER_LABEL } from "./create-arguments.ts";

/** What only this backend knows. */
export interface ContainerSettings {
  /** The image of steps that name none. Default: none, such a step does not start. */
  defaultImage?: string;
  /** The folder with the `config.json` that holds the registries' credentials. Default: the client's own. */
  registryConfig?: string;
  /** Names this agent among those that share the containers of this machine. Default: "groundcrew". */
  owner?: string;
}

const LIMITS = [
  "Experimental: tested against stand-ins, not yet against docker and podman themselves.",
  "When the agent is killed, containers run on until its next start removes them.",
  "SIGTERM reaches a step's first process only; SIGKILL reaches all.",
  "A process that a signal ended shows as one that exited with 128 and the signal's number.",
];

// A variable of this kind would change what the client itself does.
const CLIENT_VARIABLE = /^(PATH|HOME|LD_.*|DOCKER_.*|CONTAINERS?_.*|BUILDAH_.*|REGISTRY_.*|XDG_.*|GO.*)$/;

/** Each process of a step in a container of its own, by docker or podman. Experimental. */
export class Container implements Backend {
  readonly name = "container";
  readonly isolates = true;
  readonly limits = LIMITS;
  readonly #cli: ContainerCli;
  readonly #settings: ContainerSettings;
  readonly #readOnlyPaths: readonly string[];

  private constructor(cli: ContainerCli, settings: ContainerSettings, readOnlyPaths: readonly string[]) {
    this.#cli = cli;
    this.#settings = settings;
    this.#readOnlyPaths = readOnlyPaths;
  }

  /** Throws an error that says what is missing where neither docker nor podman answers. */
  static async open(settings: ContainerSettings, readOnlyPaths: readonly string[]): Promise<Container> {
    return new Container(await findContainerCli(), settings, readOnlyPaths);
  }

  async run(options: BackendRunOptions): Promise<ProcessEnd> {
    const image = options.image || this.#settings.defaultImage;
    if (image === undefined) return notStarted("it names no image, and the agent has no default (--container-image)");
    const clash = multiLine(options.env).find((name) => CLIENT_VARIABLE.test(name));
    if (clash !== undefined) return notStarted(`the variable ${clash} has several lines, which no env file can hold`);
    const name = `groundcrew-${randomUUID()}`;
    try {
      return (await this.#create(name, image, options)) ?? (await this.#start(name, options));
    } finally {
      await this.#remove([name]);
    }
  }

  async cleanUp(): Promise<void> {
    const filter = `label=${OWNER_LABEL}=${this.#owner}`;
    await this.#remove(await query(this.#cli, ["ps", "--all", "--quiet", "--filter", filter]));
  }

  get #owner(): string {
    return this.#settings.owner ?? "groundcrew";
  }

  /** Creates the container; its image's download is the start of the step's log. An end where that does not work. */
  async #create(name: string, image: string, run: BackendRunOptions): Promise<ProcessEnd | undefined> {
    const envFile = join(run.workspace.root, `${name}.env`);
    const { registryConfig } = this.#settings;
    const own = { cli: this.#cli, owner: this.#owner, registryConfig, readOnlyPaths: this.#readOnlyPaths };
    const args = createArguments({ ...own, run, name, image, envFile });
    await writeFile(envFile, envFileOf(run.env), { mode: 0o600, flag: "wx" });
    try {
      // Its output is the container's id, which nobody asked for.
      const outputs = { stdout: async () => {}, stderr: run.outputs.stderr };
      const end = await runProcess({ ...this.#client(run), args, outputs });
      if (end.kind !== "exited") return end;
      return end.exitCode === 0 ? undefined : notStarted(`${this.#cli.dialect} create exited with ${end.exitCode}`);
    } finally {
      await rm(envFile, { force: true });
    }
  }

  async #start(name: string, run: BackendRunOptions): Promise<ProcessEnd> {
    if (run.stop.aborted) return { kind: "stopped", cause: stopCauseOf(run.stop) };
    const { stdout, stderr } = run.outputs;
    const options = { ...this.#client(run), args: ["start", "--attach", name], outputs: { stdout, stderr } };
    const client = await launchInGroup(options);
    return "kind" in client ? client : supervise(this.#containerOf(client, name), options);
  }

  #containerOf(client: Launched, name: string): Launched {
    const signal = (which: string) => query(this.#cli, ["kill", "--signal", which, name]).catch(() => {});
    let hasEnded = false;
    void client.exited.then(() => (hasEnded = true));
    return {
      ...client,
      terminate: async () => void (await signal("TERM")),
      kill: async () => {
        if (!hasEnded) await signal("KILL");
        await client.ended(CLIENT_END_MS);
        await client.kill();
      },
    };
  }

  #client(run: BackendRunOptions): ProcessOptions {
    const carried = Object.fromEntries(multiLine(run.env).map((name) => [name, run.env[name] ?? ""]));
    return { ...run, file: this.#cli.program, cwd: "/", env: { ...this.#cli.env, ...carried } };
  }

  async #remove(names: readonly string[]): Promise<void> {
    // What does not exist cannot be removed, and that is as well.
    if (names.length > 0) await query(this.#cli, ["rm", "--force", "--volumes", ...names]).catch(() => {});
  }
}

// What a container wrote reaches its client a moment after its end.
const CLIENT_END_MS = 2_000;

function notStarted(message: string): ProcessEnd {
  return { kind: "not_started", message };
}
