import { join } from "node:path";

/** Where contexts are kept: `$XDG_CONFIG_HOME/groundcrew/config.yaml`, or below `~/.config`. */
export function configPath(io: { env: Readonly<Record<string, string | undefined>>; home: string }): string {
  const base = io.env["XDG_CONFIG_HOME"] || join(io.home, ".config");
  return join(base, "groundcrew", "config.yaml");
}
