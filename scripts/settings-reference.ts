// Prints the reference page of the programs' settings: node scripts/settings-reference.ts > docs/reference/settings.md
import { program as agentProgram } from "../apps/agent/src/settings.ts";
import { serverProgram } from "../apps/server/src/settings.ts";
import { settingsPage } from "./reference/settings-page.ts";

process.stdout.write(settingsPage([serverProgram({}), agentProgram]));
