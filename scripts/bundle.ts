// Makes one file of each program, in dist/: what `make bundle` calls.
import { resolve } from "node:path";
import { bundlePrograms } from "./bundle-programs.ts";

await bundlePrograms(resolve("dist"));
process.stdout.write("bundle: dist/crew.mjs, groundcrew-agent.mjs, groundcrew-server.mjs, run-stage.mjs\n");
