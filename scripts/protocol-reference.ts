// Prints the reference page of the contract: node scripts/protocol-reference.ts > docs/reference/protocol.md
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { readContract, type Image } from "./reference/contract.ts";
import { protocolPage } from "./reference/protocol-page.ts";

const root = join(import.meta.dirname, "..");
const buf = join(root, "node_modules", ".bin", "buf");
const image = execFileSync(buf, ["build", "-o", "-#format=json"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
});
process.stdout.write(protocolPage(readContract(JSON.parse(image) as Image)));
