// Makes one file of each program, in dist/: what `make bundle` calls. The server's needs a Postgres of your own, as the
// binaries of the embedded one stay in node_modules.
import { cp, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

const dist = "dist";

// Dependencies that are CommonJS use what a module does not have. Two of them read `${__dirname}/../../proto`: dist/proto.
const banner = `import { createRequire as __createRequire } from "node:module";
const require = __createRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname + "/x/x";`;

await build({
  entryPoints: {
    crew: "apps/cli/src/main.ts",
    "groundcrew-agent": "apps/agent/src/main.ts",
    "groundcrew-server": "apps/server/src/main.ts",
    "run-stage": "apps/agent/src/stages/run-stage.ts",
  },
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  target: "node26",
  format: "esm",
  banner: { js: banner },
  logLevel: "warning",
});

const rpc = createRequire(new URL("../packages/rpc/package.json", import.meta.url));
const packageOf = (name: string): string => rpc.resolve(name).replace(/\/build\/.*/, "");
await mkdir(join(dist, "proto"), { recursive: true });
await cp(join(packageOf("grpc-health-check"), "proto"), join(dist, "proto"), { recursive: true });
await cp(join(packageOf("@grpc/reflection"), "build", "proto", "grpc"), join(dist, "proto", "grpc"), {
  recursive: true,
});
process.stdout.write(`bundle: ${dist}/crew.mjs, groundcrew-agent.mjs, groundcrew-server.mjs, run-stage.mjs\n`);
