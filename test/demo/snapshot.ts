import { execa } from "execa";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Source } from "@groundcrew/proto";

/** The checkout's HEAD, in a repository of its own that steps can clone. */
export interface Snapshot {
  source: Omit<Source, "$typeName" | "$unknown">;
  /** How many files differ from it in the checkout. */
  changeCount: number;
  /** The pipeline file at HEAD. */
  pipelineFile: string;
}

/** The pipeline file of this repository. */
export const PIPELINE_PATH = ".groundcrew.yaml";

/** Copies what is committed at HEAD of a checkout, whoever owns it and however shallow it is, into `folder`. */
export async function takeSnapshot(checkout: string, folder: string): Promise<Snapshot> {
  const git = await gitIn(checkout, folder);
  const commit = await git("rev-parse", "--verify", "--quiet", "HEAD").catch((cause: unknown) => {
    const message = `${checkout} is no git checkout with a commit, and the demo builds HEAD: git clone the repository`;
    throw new Error(message, { cause });
  });
  const repository = join(folder, "repository.git");
  await git("clone", "--quiet", "--bare", checkout, repository);
  const changes = await git("status", "--porcelain");
  return {
    source: { repository, commit, branch: await git("branch", "--show-current") },
    changeCount: changes === "" ? 0 : changes.split("\n").length,
    pipelineFile: await git("show", `${commit}:${PIPELINE_PATH}`),
  };
}

type Git = (...args: string[]) => Promise<string>;

async function gitIn(cwd: string, folder: string): Promise<Git> {
  // The checkout may be another user's, as in a container; git asks to be told that this is meant.
  const config = join(folder, "gitconfig");
  await writeFile(config, "[safe]\n\tdirectory = *\n");
  const { PATH = "" } = process.env;
  const env = { PATH, HOME: folder, LANG: "C.UTF-8", GIT_CONFIG_GLOBAL: config };
  return async (...args) => (await execa("git", args, { cwd, env, extendEnv: false })).stdout;
}
