// Prints the reference page: node apps/cli/src/docs/print-reference.ts > docs/reference/cli.md
import { referencePage } from "./reference-page.ts";

process.stdout.write(referencePage());
