import { cp, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");

// Dependencies that are CommonJS use what a module does not have. Two of them read `${__dirname}/../../proto`, which is
// the folder `proto` beside the bundles.
const banner = `import { createRequire as __createRequire } from "node:module";
const require = __createRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname + "/x/x";`;

/**
 * Makes one file of each program: `crew.mjs`, `groundcrew-agent.mjs`, `groundcrew-server.mjs` and `run-stage.mjs`, in
 * this folder. The server's needs a Postgres of your own, as the binaries of the embedded one stay in node_modules.
 * Returns the files that they were made of, as paths from the root of the checkout.
 */
export async function bundlePrograms(folder: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      crew: "apps/cli/src/main.ts",
      "groundcrew-agent": "apps/agent/src/main.ts",
      "groundcrew-server": "apps/server/src/main.ts",
      "run-stage": "apps/agent/src/stages/run-stage.ts",
    },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node26",
    format: "esm",
    banner: { js: banner },
    logLevel: "warning",
    metafile: true,
  });
  await copyProtos(join(folder, "proto"));
  return [...Object.keys(metafile.inputs), relative(root, import.meta.filename)];
}

async function copyProtos(folder: string): Promise<void> {
  const rpc = createRequire(join(root, "packages/rpc/package.json"));
  const packageOf = (name: string): string => rpc.resolve(name).replace(/\/build\/.*/, "");
  await mkdir(folder, { recursive: true });
  await cp(join(packageOf("grpc-health-check"), "proto"), folder, { recursive: true });
  await cp(join(packageOf("@grpc/reflection"), "build", "proto", "grpc"), join(folder, "grpc"), { recursive: true });
}
