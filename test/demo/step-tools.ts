import { execa } from "execa";
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Variables with which this repository's set-up finds in a step what it has installed in the checkout already: the
 * tools, and pnpm's store and cache. Steps have a HOME of their own, so they would download all of it again.
 */
export async function stepTools(checkout: string): Promise<Record<string, string>> {
  const own = join(checkout, ".tools");
  const tools = existsSync(own) ? own : process.env["GROUNDCREW_TOOLS_DIR"];
  const path = [...(tools === undefined ? [] : [join(tools, "node_modules/.bin")]), process.env["PATH"]].join(":");
  const ask = (...args: string[]) => execa("pnpm", args, { cwd: checkout, env: { PATH: path } });
  const [store, cache] = await Promise.all([ask("store", "path"), ask("cache", "path")]);
  return {
    ...(tools !== undefined && { GROUNDCREW_TOOLS_DIR: tools }),
    pnpm_config_store_dir: store.stdout,
    pnpm_config_cache_dir: cache.stdout,
  };
}
